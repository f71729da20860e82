// SPDX-License-Identifier: Apache-2.0
// SignIn: one exchange by which a client of SMTP AUTH proves who it is, between its mechanism and the users.
// SignInDesk: what all of them share.
//
// Use:  SignIn exchange(desk, mechanism);
//       auto said = co_await exchange.proceed(response);   // for each response of the client
//       std::visit over AuthChallenge, AuthFailure, users::AccountPtr
// Passwords are hashed on the desk's workers; a shard only waits. What waits is bounded: beyond kHashingMax a sign-in
// is refused for now, so that a flood of guesses costs a bounded time and memory.
// An unknown user and a wrong password are answered alike, after the same work.
// Threads: one shard for a SignIn; any for the desk.   Ownership: the desk outlives its exchanges.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "http/workers.h"
#include "model/reply.h"
#include "net/task.h"
#include "sasl/server_exchange.h"
#include "users/users.h"

namespace penstock::ingest {

struct SignInDesk {
  static constexpr std::uint32_t kHashingMax = 64;  // passwords being hashed or waiting for it

  users::Users& users;
  http::Workers& hashers;
  std::atomic<std::uint32_t> hashing{0};
};

struct AuthChallenge {
  std::string text;
};
enum class AuthFailure : std::uint8_t {
  Wrong,      // name, password or proof; to be counted
  Malformed,  // the client does not speak the mechanism
  Busy        // too many are signing in
};

class SignIn {
 public:
  using Said = std::variant<AuthChallenge, AuthFailure, users::AccountPtr>;

  SignIn(SignInDesk& desk, sasl::Mechanism mechanism);
  // Nothing at first when the client waits to be asked. After a failure or an account the exchange is over.
  net::Task<Said> proceed(std::optional<std::string> response);
  // The account that somebody tried to sign in to; nullptr when there is none of that name.
  [[nodiscard]] users::AccountPtr meant() const { return desk_.users.find_account(exchange_.user()); }

 private:
  net::Task<Said> check_password();

  SignInDesk& desk_;
  sasl::ServerExchange exchange_;
  bool started_ = false;
};

// "SCRAM-SHA-256 PLAIN", as in the answer to EHLO.
[[nodiscard]] std::string offered_mechanisms(const std::vector<config::AuthMechanism>& mechanisms);
[[nodiscard]] users::FailurePolicy failure_policy(const config::Auth& auth);
[[nodiscard]] model::Reply over_daily_limit(const users::User& user);

}  // namespace penstock::ingest
