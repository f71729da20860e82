// SPDX-License-Identifier: Apache-2.0
// CachedResolver: a cache for every shard in front of another resolver.
//
// Answers are kept as long as their TTL says, within bounds; "no such name" and "no data" as RFC 2308 §5 says, within
// bounds; temporary trouble for a few seconds, so that a dead server is not asked once per recipient. Look-ups of the
// same question on one shard while one is under way wait for that one.
//
// Threads: ask() on the shard given; state of one shard is touched by that shard only.
// Ownership: upstream, clock and probe must outlive it, and it the look-ups under way: stop upstream or the shards
// first. Errors: those of `upstream`; they are not kept.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "dns/expiring_cache.h"
#include "dns/probe.h"
#include "dns/resolver.h"

namespace penstock::dns {

struct AnswerCacheLimits {
  std::size_t answers_max = 100'000;           // per shard; an MX answer takes about 600 bytes
  std::chrono::seconds ttl_min{5};             // what says less is kept this long all the same
  std::chrono::seconds ttl_max{3600};          // what says more is looked up again after this
  std::chrono::seconds negative_ttl_max{300};  // RFC 2308 §5 lets a cache set a limit
  std::chrono::seconds failure_ttl{5};         // RFC 2308 §7 allows up to five minutes
};

// How long an answer may be kept.
[[nodiscard]] std::chrono::seconds time_to_keep(const Answer& answer, const AnswerCacheLimits& limits);

class CachedResolver final : public Resolver {
 public:
  CachedResolver(net::ShardSet& shards, Resolver& upstream, const Clock& clock, Probe& probe,
                 AnswerCacheLimits limits = {});
  void ask(net::Shard& shard, Question question, Done done) override;
  // Forgets everything kept on this shard; look-ups under way are not disturbed. On that shard.
  void clear(net::Shard& shard);

 private:
  struct PerShard {
    explicit PerShard(std::size_t limit) : answers(limit) {}
    ExpiringCache<AnswerPtr> answers;
    std::unordered_map<std::string, std::vector<Done>> under_way;
  };
  static void finish(PerShard& mine, const std::string& key, const Result<AnswerPtr>& result);

  // set in the constructor, never changed
  Resolver& upstream_;
  const Clock& clock_;
  Probe& probe_;
  const AnswerCacheLimits limits_;
  // each touched by its shard only
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace penstock::dns
