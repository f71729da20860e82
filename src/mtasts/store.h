// SPDX-License-Identifier: Apache-2.0
// Store: the MTA-STS policies that hold, in memory and in state.db, so that an attacker who can cut DNS or HTTPS off,
// or a restart, does not take a policy away before its max_age (RFC 8461 §5.1).
//
// Use:  auto store = Store::open(writer, clock);   store->put("example.com", policy);
//       if (KnownPolicyPtr known = store->find("example.com")) …
// Threads: any; one lock. Writes are handed to the writer's thread; one that fails is logged and costs the policy at
// the next start only.   Ownership: writer and clock must outlive it. Errors: state::Errc at open().   Limits: kKept
// policies; above that the one that expires first is forgotten.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mtasts/known_policy.h"
#include "state/writer.h"

namespace penstock::mtasts {

class Store {
 public:
  static constexpr std::size_t kKept = 100'000;

  [[nodiscard]] static Result<std::unique_ptr<Store>> open(state::Writer& writer, const Clock& clock);
  // What holds now, or nullptr. Counts as a use of the domain, which keeps its policy fresh.
  [[nodiscard]] KnownPolicyPtr find(std::string_view domain);
  void put(const std::string& domain, KnownPolicyPtr policy);
  // Domains in use whose policies were fetched so long ago that they should be fetched anew: at most `max`, each told
  // once in kRetry. Forgets what has expired.
  [[nodiscard]] std::vector<std::string> take_stale(std::size_t max);
  [[nodiscard]] std::size_t size();

  // Fetched anew after a day, or half of a shorter max_age (RFC 8461 §3.3); not for domains unused for a month.
  static constexpr Duration kFresh{std::chrono::hours{24}};
  static constexpr Duration kRetry{std::chrono::hours{1}};
  static constexpr Duration kUnused{std::chrono::days{30}};

 private:
  struct Entry {
    KnownPolicyPtr policy;
    Time used;
    Time asked{};  // by take_stale
  };
  Store(state::Writer& writer, const Clock& clock) : writer_(writer), clock_(clock) {}
  [[nodiscard]] Result<> load();
  void write(const std::string& domain, const KnownPolicyPtr& policy);
  void erase(const std::string& domain);
  void forget_one();

  state::Writer& writer_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
};

}  // namespace penstock::mtasts
