// SPDX-License-Identifier: Apache-2.0
#include "sasl/client_exchange.h"

#include <algorithm>

#include "base/base64.h"
#include "sasl/scram.h"

namespace penstock::sasl {
namespace {

using Response = tl::expected<std::string, std::string>;

tl::unexpected<std::string> give_up(std::string words) {
  return tl::unexpected<std::string>(std::move(words));
}

}  // namespace

std::optional<Mechanism> choose_mechanism(std::string_view offered) {
  bool plain = false;
  bool login = false;
  while (!offered.empty()) {
    const std::string_view word = offered.substr(0, offered.find(' '));
    offered.remove_prefix(std::min(word.size() + 1, offered.size()));
    const auto mechanism = parse_mechanism(word);
    if (mechanism == Mechanism::ScramSha256) return mechanism;
    plain = plain || mechanism == Mechanism::Plain;
    login = login || mechanism == Mechanism::Login;
  }
  if (plain) return Mechanism::Plain;
  return login ? std::optional(Mechanism::Login) : std::nullopt;
}

ClientExchange::ClientExchange(Mechanism mechanism, std::string user, std::string password, std::string nonce)
    : mechanism_(mechanism), user_(std::move(user)), password_(std::move(password)), nonce_(std::move(nonce)) {}

ClientExchange::~ClientExchange() {
  wipe(password_);
}

std::optional<std::string> ClientExchange::initial_response() {
  switch (mechanism_) {
    case Mechanism::Plain: {
      complete_ = true;
      std::string response(1, '\0');
      response += user_;
      response += '\0';
      return response + password_;
    }
    case Mechanism::Login: return std::nullopt;
    case Mechanism::ScramSha256: first_bare_ = "n=" + escape_name(user_) + ",r=" + nonce_; return "n,," + first_bare_;
  }
  return std::nullopt;
}

Response ClientExchange::respond(std::string_view challenge) {
  const int number = ++responses_;
  if (mechanism_ == Mechanism::ScramSha256 && number == 1) return prove(challenge);
  if (mechanism_ == Mechanism::ScramSha256 && number == 2) return check_server(challenge);
  // LOGIN has two questions, whose words differ from server to server.
  if (mechanism_ == Mechanism::Login && number == 1) return user_;
  if (mechanism_ == Mechanism::Login && number == 2) {
    complete_ = true;
    return password_;
  }
  return give_up("the server asks for more than the mechanism has");
}

Response ClientExchange::prove(std::string_view challenge) {
  const auto first = parse_server_first(challenge);
  if (!first) return give_up("the server's answer is no SCRAM message");
  if (first->nonce.size() <= nonce_.size() || !first->nonce.starts_with(nonce_)) {
    return give_up("the server's answer belongs to another exchange");
  }
  // Fewer rounds would make guessing the password from the proof cheap, more would keep us busy.
  if (first->iterations < kIterationsMin || first->iterations > kIterationsMax) {
    return give_up("the server wants " + std::to_string(first->iterations) +
                   " rounds of hashing, which is not between " + std::to_string(kIterationsMin) + " and " +
                   std::to_string(kIterationsMax));
  }
  ScramKeys keys = scram_keys(password_, first->salt, first->iterations);
  const std::string without_proof = "c=" + encode_base64("n,,") + ",r=" + first->nonce;
  const std::string message = first_bare_ + "," + std::string(challenge) + "," + without_proof;
  server_signature_ = hmac_sha256(keys.server_key, message);
  const std::string proof = exclusive_or(keys.client_key, hmac_sha256(keys.stored_key, message));
  wipe(keys.client_key);
  return without_proof + ",p=" + encode_base64(proof);
}

Response ClientExchange::check_server(std::string_view challenge) {
  const auto signature = parse_server_final(challenge);
  if (!signature || !equal_in_constant_time(*signature, server_signature_)) {
    return give_up("the server does not prove that it knows the password");
  }
  complete_ = true;
  return std::string();
}

}  // namespace penstock::sasl
