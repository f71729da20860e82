// SPDX-License-Identifier: Apache-2.0
#include "ingest/sign_in.h"

#include <fmt/format.h>

#include "base/check.h"

namespace penstock::ingest {
namespace {

sasl::Mechanism to_sasl(config::AuthMechanism mechanism) {
  switch (mechanism) {
    case config::AuthMechanism::Plain: return sasl::Mechanism::Plain;
    case config::AuthMechanism::Login: return sasl::Mechanism::Login;
    case config::AuthMechanism::ScramSha256: return sasl::Mechanism::ScramSha256;
  }
  PENSTOCK_UNREACHABLE();
}

// Counts one that is being hashed.
class Turn {
 public:
  explicit Turn(std::atomic<std::uint32_t>& count) : count_(count), number_(count.fetch_add(1) + 1) {}
  ~Turn() { count_.fetch_sub(1); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool fits() const { return number_ <= SignInDesk::kHashingMax; }

 private:
  std::atomic<std::uint32_t>& count_;
  const std::uint32_t number_;
};

}  // namespace

std::string offered_mechanisms(const std::vector<config::AuthMechanism>& mechanisms) {
  std::string all;
  for (const config::AuthMechanism mechanism : mechanisms) {
    all.append(all.empty() ? "" : " ").append(to_string(to_sasl(mechanism)));
  }
  return all;
}

users::FailurePolicy failure_policy(const config::Auth& auth) {
  return {auth.failures, auth.window, auth.ban, auth.delay, auth.delay_max};
}

model::Reply over_daily_limit(const users::User& user) {
  return {452,
          {4, 7, 1},
          fmt::format("user {} has no more of his {} recipients a day; the day ends at midnight UTC", user.name,
                      user.recipients_per_day)};
}

SignIn::SignIn(SignInDesk& desk, sasl::Mechanism mechanism)
    : desk_(desk), exchange_(mechanism, users::random_nonce()) {}

net::Task<SignIn::Said> SignIn::proceed(std::optional<std::string> response) {
  sasl::Next next{};
  if (!started_) {
    started_ = true;
    next = exchange_.start(response ? std::optional<std::string_view>(*response) : std::nullopt);
  } else {
    next = exchange_.on_response(response.value_or(""));
  }
  if (response) sasl::wipe(*response);
  if (next == sasl::Next::FindUser) {
    const users::AccountPtr account = meant();
    next = exchange_.on_user(account ? account->credentials : desk_.users.made_up(exchange_.user()));
  }
  switch (next) {
    case sasl::Next::Challenge: {
      AuthChallenge challenge{exchange_.challenge()};
      co_return challenge;
    }
    case sasl::Next::CheckPassword: co_return co_await check_password();
    case sasl::Next::Proved:
      // Between the proof and its acknowledgement he may have been removed.
      if (auto account = meant()) co_return account;
      co_return AuthFailure::Wrong;
    case sasl::Next::Failed: co_return AuthFailure::Wrong;
    case sasl::Next::Malformed: co_return AuthFailure::Malformed;
    case sasl::Next::FindUser: break;
  }
  PENSTOCK_UNREACHABLE();
}

net::Task<SignIn::Said> SignIn::check_password() {
  if (auto account = desk_.users.recall(exchange_.user(), exchange_.password())) co_return account;
  const Turn turn(desk_.hashing);
  if (!turn.fits()) co_return AuthFailure::Busy;
  users::Users& users = desk_.users;
  const sasl::ServerExchange& exchange = exchange_;
  auto account =
      co_await desk_.hashers.run([&users, &exchange] { return users.verify(exchange.user(), exchange.password()); });
  if (account) co_return account;
  co_return AuthFailure::Wrong;
}

}  // namespace penstock::ingest
