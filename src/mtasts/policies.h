// SPDX-License-Identifier: Apache-2.0
// Policies: which MTA-STS policy holds for a recipient domain (RFC 8461 §5.1). Door of the module.
//
// Use:  VerdictPtr verdict = policies.find_cached(shard, "example.com");      // a hash look-up
//       if (!verdict) verdict = co_await policies.find(shard, "example.com");
//       if (verdict->policy) …
// A domain is asked about its TXT record at most once in kAskAgain and shard; a policy is fetched when that record has
// an id we do not know, and when it grows old (refresh(), to be called every minute). What cannot be fetched anew holds
// on until its max_age; what was never fetched is no policy, and is not tried again for kFetchAgain.
//
// Threads: find, find_cached and refresh on the shard given.   Ownership: all parts outlive it, and it the shards'
// coroutines.   Errors: none; what went wrong is told in the verdict.
// Limits: kFetches fetches at once; a domain above that is asked about again after a few seconds.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/expiring_cache.h"
#include "dns/one_shot.h"
#include "dns/resolver.h"
#include "mtasts/fetcher.h"
#include "mtasts/known_policy.h"
#include "mtasts/probe.h"
#include "mtasts/store.h"

namespace penstock::mtasts {

struct Verdict {
  KnownPolicyPtr policy;          // null: none holds
  std::string_view trouble_kind;  // as TLS-RPT names it; empty: none. With a policy: that it could not be fetched anew
  std::string trouble;
};
using VerdictPtr = std::shared_ptr<const Verdict>;

class Policies {
 public:
  static constexpr std::size_t kKept = 100'000;  // verdicts, per shard
  static constexpr int kFetches = 32;
  static constexpr Duration kAskAgain{std::chrono::hours{1}};
  static constexpr Duration kFetchAgain{std::chrono::minutes{5}};

  struct Parts {
    net::ShardSet& shards;
    dns::Resolver& resolver;
    PolicyHost& host;
    Store& store;
    const Clock& clock;
    Probe& probe;
  };
  explicit Policies(Parts parts);

  // nullptr when it is not known. `domain`: a mail domain as routing has it.
  [[nodiscard]] VerdictPtr find_cached(net::Shard& shard, std::string_view domain);
  // Never null. Look-ups of the same domain on one shard while one is under way wait for that one.
  [[nodiscard]] net::Task<VerdictPtr> find(net::Shard& shard, std::string domain);
  // Fetches old policies anew, a few at a time.
  [[nodiscard]] net::Task<> refresh(net::Shard& shard);

 private:
  struct UnderWay {
    dns::OneShot found;
    VerdictPtr verdict;
  };
  struct PerShard {
    dns::ExpiringCache<VerdictPtr> verdicts{kKept};
    std::unordered_map<std::string, std::shared_ptr<UnderWay>> under_way;
  };
  struct Answer {
    Verdict verdict;
    Duration keep;
  };
  [[nodiscard]] net::Task<> look_up(net::Shard& shard, std::string domain, std::shared_ptr<UnderWay> under_way);
  [[nodiscard]] net::Task<Answer> decide(net::Shard& shard, std::string domain);
  [[nodiscard]] net::Task<Answer> renew(net::Shard& shard, std::string domain, std::string id);
  [[nodiscard]] bool may_fetch(const std::string& domain, std::string& trouble);
  void note_failure(const std::string& domain, const FetchTrouble& trouble);

  Parts parts_;
  std::vector<std::unique_ptr<PerShard>> per_shard_;  // each touched by its shard only
  std::atomic<int> fetching_{0};
  std::mutex mutex_;
  dns::ExpiringCache<std::string> failed_{10'000};  // guarded by mutex_: why, until it may be tried again
};

}  // namespace penstock::mtasts
