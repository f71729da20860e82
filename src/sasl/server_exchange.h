// SPDX-License-Identifier: Apache-2.0
// ServerExchange: our side of one exchange by which a client proves who it is.
//
// Sans-IO: framing (base64, "334") is the caller's, and so are looking up users and comparing passwords. Use:
//   ServerExchange exchange(mechanism, random_nonce);
//   Next next = exchange.start(initial_response);
//   for (;;) switch (next) {
//     case Next::Challenge: send(exchange.challenge()); next = exchange.on_response(receive()); break;
//     case Next::CheckPassword: …matches(find(exchange.user()), exchange.password())…; return;
//     case Next::FindUser: next = exchange.on_user(credentials of exchange.user(), or made-up ones); break;
//     case Next::Proved: return welcome(exchange.user());     // that he is who he says he is
//     case Next::Failed: return refuse();                     // the proof is wrong
//     case Next::Malformed: return refuse_syntax();
//   }
// SCRAM for somebody unknown goes on with made-up credentials, whose proof cannot be given, so that nobody learns who
// is known. A client that wants to act as somebody else (authzid) fails.
// Owns: the password until it is destroyed, then it is wiped.   Threads: one.   Limits: kMessageBytesMax a response.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sasl/credentials.h"
#include "sasl/mechanism.h"
#include "sasl/scram.h"

namespace penstock::sasl {

enum class Next : std::uint8_t { Challenge, CheckPassword, FindUser, Proved, Failed, Malformed };

class ServerExchange {
 public:
  // `nonce`: printable ASCII without commas, never used before; for SCRAM.
  ServerExchange(Mechanism mechanism, std::string nonce);
  ~ServerExchange();
  ServerExchange(const ServerExchange&) = delete;
  ServerExchange& operator=(const ServerExchange&) = delete;

  [[nodiscard]] Next start(std::optional<std::string_view> initial_response);
  // After Challenge.
  [[nodiscard]] Next on_response(std::string_view response);
  // After FindUser.
  [[nodiscard]] Next on_user(const Credentials& credentials);

  [[nodiscard]] const std::string& challenge() const { return challenge_; }
  [[nodiscard]] const std::string& user() const { return user_; }  // as the client wrote it; "" before it did
  [[nodiscard]] const std::string& password() const { return password_; }
  [[nodiscard]] Mechanism mechanism() const { return mechanism_; }

 private:
  enum class Awaits : std::uint8_t { Start, First, Password, Proof, Acknowledgement, Nothing };
  Next ask(std::string challenge, Awaits awaits);
  Next on_plain(std::string_view response);
  Next on_client_first(std::string_view response);
  Next on_client_final(std::string_view response);

  const Mechanism mechanism_;
  const std::string nonce_;
  Awaits awaits_ = Awaits::Start;
  std::string challenge_, user_, password_;
  ClientFirst first_;
  std::string server_first_, stored_key_, server_key_;
};

}  // namespace penstock::sasl
