// SPDX-License-Identifier: Apache-2.0
#include "dns/cached_resolver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::dns {
namespace {

// The name and the type in one string: every type we ask for fits into one byte.
std::string make_key(const Question& question) {
  std::string key = question.name;
  key += static_cast<char>(question.type);
  return key;
}

}  // namespace

std::chrono::seconds time_to_keep(const Answer& answer, const AnswerCacheLimits& limits) {
  switch (answer.status) {
    case Status::Found: return std::clamp(answer.ttl, limits.ttl_min, limits.ttl_max);
    case Status::NoData:
    case Status::NxDomain:
      return std::clamp(answer.ttl, std::min(limits.ttl_min, limits.negative_ttl_max), limits.negative_ttl_max);
    case Status::ServFail:
    case Status::TimedOut:
    case Status::Bogus: return limits.failure_ttl;
  }
  PENSTOCK_UNREACHABLE();
}

CachedResolver::CachedResolver(net::ShardSet& shards, Resolver& upstream, const Clock& clock, Probe& probe,
                               AnswerCacheLimits limits)
    : upstream_(upstream), clock_(clock), probe_(probe), limits_(limits) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    per_shard_.push_back(std::make_unique<PerShard>(limits_.answers_max));
  }
}

void CachedResolver::ask(net::Shard& shard, Question question, Done done) {
  PerShard& mine = *per_shard_[shard.index()];
  const std::string key = make_key(question);
  if (const AnswerPtr* known = mine.answers.find(key, clock_.now())) {
    probe_.cache_hits.add();
    const AnswerPtr answer = *known;  // `done` may ask again and so change the cache
    return done(answer);
  }
  auto& waiting = mine.under_way[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return probe_.cache_hits.add();
  probe_.cache_misses.add();
  upstream_.ask(shard, std::move(question), [this, &mine, key](Result<AnswerPtr> result) {
    if (result) {
      const Time now = clock_.now();
      mine.answers.put(key, *result, now + time_to_keep(**result, limits_), now);
    }
    finish(mine, key, result);
  });
}

void CachedResolver::finish(PerShard& mine, const std::string& key, const Result<AnswerPtr>& result) {
  const auto waiting = mine.under_way.extract(key);  // first, for the callbacks may ask again
  for (const Done& done : waiting.mapped()) done(result);
}

void CachedResolver::clear(net::Shard& shard) {
  per_shard_[shard.index()]->answers.clear();
}

}  // namespace penstock::dns
