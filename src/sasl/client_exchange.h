// SPDX-License-Identifier: Apache-2.0
// ClientExchange: our side when we prove to a server who we are.
//
// Use:  const auto mechanism = choose_mechanism("PLAIN SCRAM-SHA-256");
//       ClientExchange exchange(*mechanism, user, password, random_nonce);
//       send("AUTH " + name, exchange.initial_response());
//       while (challenged) send(exchange.respond(challenge))      // or give up with the words of the error
//       if (server said yes && exchange.complete()) …
// respond() of SCRAM is slow on purpose (PBKDF2): not on a shard. A server of SCRAM proves that it knows the password
// too; before it has, complete() is false and its "yes" is worth nothing.
// Errors: words for an operator, without secrets.   Threads: one.   Limits: kIterationsMin to kIterationsMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sasl/credentials.h"
#include "sasl/mechanism.h"

namespace penstock::sasl {

// The strongest of those offered, names separated by spaces, that we speak.
[[nodiscard]] std::optional<Mechanism> choose_mechanism(std::string_view offered);

class ClientExchange {
 public:
  ClientExchange(Mechanism mechanism, std::string user, std::string password, std::string nonce);
  ~ClientExchange();
  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;

  [[nodiscard]] Mechanism mechanism() const { return mechanism_; }
  // What goes with the command; nothing when the server speaks first.
  [[nodiscard]] std::optional<std::string> initial_response();
  [[nodiscard]] tl::expected<std::string, std::string> respond(std::string_view challenge);
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  tl::expected<std::string, std::string> prove(std::string_view challenge);
  tl::expected<std::string, std::string> check_server(std::string_view challenge);

  const Mechanism mechanism_;
  const std::string user_;
  std::string password_;
  const std::string nonce_;
  int responses_ = 0;
  std::string first_bare_, server_signature_;
  bool complete_ = false;
};

}  // namespace penstock::sasl
