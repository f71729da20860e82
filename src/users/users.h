// SPDX-License-Identifier: Apache-2.0
// Users: who may sign in by SMTP AUTH. Door of the module.
//
// Use:  auto users = Users::open({writer, clock, metrics});
//       (*users)->add({.name = "shop"}, password);
//       … signing in:  auto account = users->recall(name, password);             // known right from before: quick
//                      if (!account) account = users->verify(name, password);     // slow: on a worker
//       … SCRAM:       auto account = users->find_account(name);   credentials, or made_up(name) when there is none
// Kept in state.db; all of them are in memory too, so that signing in reads no disk. A password itself is kept nowhere:
// recall() compares keyed hashes whose key lives as long as the process.
// An unknown or disabled user costs verify() as much time as a known one.
// Threads: any, for everything. add(), set_password() and verify() hash: tens of milliseconds. Changes wait for the
// disk; who has signed in before keeps what he had until his connection ends.
// Errors: users::Errc, state::Errc.   Limits: kUsersMax.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/current.h"
#include "metrics/metrics.h"
#include "sasl/credentials.h"
#include "state/writer.h"
#include "users/failure_book.h"
#include "users/usage.h"
#include "users/user.h"

namespace penstock::users {

// What an operator is shown of a user.
struct Seen {
  User user;
  std::uint64_t recipients_today = 0;
  std::uint32_t connected = 0;
};

class Users {
 public:
  static constexpr std::size_t kUsersMax = 100'000;

  struct Services {
    state::Writer& writer;
    const Clock& clock;
    metrics::Registry& metrics;
    sasl::ScryptCost cost{};  // of new passwords
    std::uint32_t iterations = 15'000;
  };

  [[nodiscard]] static Result<std::unique_ptr<Users>> open(Services services);
  ~Users();
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  // Management. Names need not be canonical.
  [[nodiscard]] Result<Seen> add(User user, std::string_view password);
  [[nodiscard]] Result<> set_password(std::string_view name, std::string_view password);
  // `edit` changes what it wants of a copy, the name excepted.
  [[nodiscard]] Result<Seen> change(std::string_view name, const std::function<void(User&)>& edit);
  [[nodiscard]] Result<> remove(std::string_view name);
  [[nodiscard]] std::vector<Seen> list() const;  // by name
  [[nodiscard]] Result<Seen> find(std::string_view name) const;

  // Signing in. nullptr: no.
  [[nodiscard]] AccountPtr find_account(std::string_view name) const;  // enabled ones
  [[nodiscard]] AccountPtr recall(std::string_view name, std::string_view password) const;
  [[nodiscard]] AccountPtr verify(std::string_view name, std::string_view password);
  // For somebody unknown: the same for the same name, and no proof fits.
  [[nodiscard]] sasl::Credentials made_up(std::string_view name) const;

  [[nodiscard]] Usage& usage() { return usage_; }
  [[nodiscard]] FailureBook& failures() { return failures_; }
  // Writes down what the day's counts have come to; does not wait. To be called every few seconds.
  void save_usage();
  // The same, and waits. Before the writer stops.
  void stop();

 private:
  using Accounts = std::map<std::string, AccountPtr, std::less<>>;
  using AccountsPtr = std::shared_ptr<const Accounts>;
  explicit Users(Services services);
  [[nodiscard]] Result<> load();
  [[nodiscard]] Result<> put(Account account);
  [[nodiscard]] AccountPtr any_account(std::string_view name) const;
  [[nodiscard]] sasl::Credentials hash(std::string_view password) const;
  [[nodiscard]] Seen seen(const User& user) const;
  [[nodiscard]] std::string digest(std::string_view name, std::string_view password) const;
  void forget(const std::string& name);

  const Services services_;
  const std::string process_key_;   // of digests
  const sasl::Credentials nobody_;  // hashed with for those who are unknown
  std::string secret_;              // of made-up salts; set by load()
  std::mutex change_mutex_;         // one change at a time
  Current<Accounts> accounts_;
  Usage usage_;
  FailureBook failures_;
  mutable std::mutex known_mutex_;
  std::map<std::string, std::pair<std::string, AccountPtr>, std::less<>> known_;  // digests; guarded by known_mutex_
};

// Bytes that nobody can guess, and the same as printable text for nonces.
[[nodiscard]] std::string random_bytes(std::size_t count);
[[nodiscard]] std::string random_nonce();

}  // namespace penstock::users
