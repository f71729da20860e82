// SPDX-License-Identifier: Apache-2.0
#include "mtasts/policies.h"

#include <algorithm>

#include "base/log.h"
#include "dns/name.h"

namespace penstock::mtasts {
namespace {

constexpr Duration kAskLeast{std::chrono::minutes{1}};  // however short the record's TTL
constexpr Duration kAfterTrouble{std::chrono::minutes{1}};
constexpr Duration kBusy{std::chrono::seconds{10}};
constexpr std::size_t kRefreshEach = 10;
constexpr std::string_view kFetchError = "sts-policy-fetch-error";

bool is_same(const KnownPolicyPtr& known, const std::string& id) {
  return known && known->id == id;
}

}  // namespace

Policies::Policies(Parts parts) : parts_(parts) {
  for (std::size_t i = 0; i < parts_.shards.size(); ++i) per_shard_.push_back(std::make_unique<PerShard>());
}

VerdictPtr Policies::find_cached(net::Shard& shard, std::string_view domain) {
  const VerdictPtr* known = per_shard_[shard.index()]->verdicts.find(domain, parts_.clock.now());
  return known == nullptr ? nullptr : *known;
}

net::Task<VerdictPtr> Policies::find(net::Shard& shard, std::string domain) {
  if (VerdictPtr known = find_cached(shard, domain)) co_return known;
  auto& under_way = per_shard_[shard.index()]->under_way;
  std::shared_ptr<UnderWay> mine;
  if (const auto entry = under_way.find(domain); entry != under_way.end()) {
    mine = entry->second;
  } else {
    mine = std::make_shared<UnderWay>();
    under_way.emplace(domain, mine);
    shard.spawn("mta-sts", look_up(shard, domain, mine));
  }
  co_await dns::OneShot::wait({mine, &mine->found});
  co_return mine->verdict;
}

// Runs by itself, so that it ends whatever becomes of those who wait for it.
net::Task<> Policies::look_up(net::Shard& shard, std::string domain, std::shared_ptr<UnderWay> under_way) {
  Answer answer = co_await decide(shard, domain);
  PerShard& mine = *per_shard_[shard.index()];
  const Time now = parts_.clock.now();
  if (answer.verdict.policy) {
    const Duration left = answer.verdict.policy->expires - parts_.clock.wall();
    answer.keep = std::clamp(left, Duration{std::chrono::seconds{1}}, answer.keep);
  }
  auto verdict = std::make_shared<const Verdict>(std::move(answer.verdict));
  mine.verdicts.put(domain, verdict, now + answer.keep, now);
  under_way->verdict = std::move(verdict);
  mine.under_way.erase(domain);
  under_way->found.fire();
}

net::Task<Policies::Answer> Policies::decide(net::Shard& shard, std::string domain) {
  Answer answer{{}, kAskAgain};
  const auto name = dns::normalize_name(domain);
  if (!name || domain.starts_with('[')) co_return answer;
  KnownPolicyPtr known = parts_.store.find(*name);
  dns::Question question;
  question.name = "_mta-sts." + *name;
  question.type = dns::RecordType::Txt;
  auto asked = co_await parts_.resolver.lookup(shard, std::move(question));
  answer.verdict.policy = known;
  if (!asked || dns::is_temporary((*asked)->status)) {
    answer.keep = kAfterTrouble;
    co_return answer;
  }
  answer.keep = std::clamp(Duration{(*asked)->ttl}, kAskLeast, kAskAgain);
  std::vector<std::string> texts;
  for (const dns::Record& record : (*asked)->records) texts.push_back(record.value);
  const auto id = tlspolicy::parse_sts_record(texts);
  if (!id || is_same(known, *id)) co_return answer;
  const Duration keep = answer.keep;
  answer = co_await renew(shard, *name, *id);
  if (!answer.verdict.policy) answer.verdict.policy = std::move(known);
  answer.keep = std::min(answer.keep, keep);
  co_return answer;
}

bool Policies::may_fetch(const std::string& domain, std::string& trouble) {
  const std::lock_guard lock(mutex_);
  const std::string* why = failed_.find(domain, parts_.clock.now());
  if (why != nullptr) trouble = *why;
  return why == nullptr;
}

void Policies::note_failure(const std::string& domain, const FetchTrouble& trouble) {
  log::info("mta-sts", "the policy of {} cannot be fetched: {}", domain, trouble.words);
  const Time now = parts_.clock.now();
  const std::lock_guard lock(mutex_);
  failed_.put(domain, std::string(trouble.kind) + " " + trouble.words, now + kFetchAgain, now);
}

// The verdict has the new policy, or none and why.
net::Task<Policies::Answer> Policies::renew(net::Shard& shard, std::string domain, std::string id) {
  Answer answer{{}, kAskAgain};
  std::string before;
  if (!may_fetch(domain, before)) {
    const std::size_t space = before.find(' ');
    // The kinds are few and live as long as the process; what was kept is a copy of one.
    for (const std::string_view kind :
         {kFetchError, std::string_view("sts-policy-invalid"), std::string_view("sts-webpki-invalid")}) {
      if (std::string_view(before).substr(0, space) == kind) answer.verdict.trouble_kind = kind;
    }
    answer.verdict.trouble = before.substr(space + 1);
    answer.keep = kAfterTrouble;
    co_return answer;
  }
  if (fetching_.fetch_add(1) >= kFetches) {
    fetching_.fetch_sub(1);
    answer.verdict.trouble_kind = kFetchError;
    answer.verdict.trouble = "too many policies are being fetched";
    answer.keep = kBusy;
    co_return answer;
  }
  FetchResult got = co_await parts_.host.fetch(shard, domain);
  fetching_.fetch_sub(1);
  (got ? parts_.probe.fetched : parts_.probe.failed).add();
  if (!got) {
    note_failure(domain, got.error());
    answer.verdict.trouble_kind = got.error().kind;
    answer.verdict.trouble = got.error().words;
    answer.keep = kFetchAgain;
    co_return answer;
  }
  const Time now = parts_.clock.wall();
  KnownPolicy fresh{std::move(id), std::move(got->text), std::move(got->policy), now, now};
  fresh.expires += fresh.policy.max_age;
  auto kept = std::make_shared<const KnownPolicy>(std::move(fresh));
  parts_.store.put(domain, kept);
  parts_.probe.known.set(static_cast<std::int64_t>(parts_.store.size()));
  answer.verdict.policy = std::move(kept);
  co_return answer;
}

net::Task<> Policies::refresh(net::Shard& shard) {
  for (const std::string& domain : parts_.store.take_stale(kRefreshEach)) {
    dns::Question question;
    question.name = "_mta-sts." + domain;
    question.type = dns::RecordType::Txt;
    auto asked = co_await parts_.resolver.lookup(shard, std::move(question));
    if (!asked) continue;
    std::vector<std::string> texts;
    for (const dns::Record& record : (*asked)->records) texts.push_back(record.value);
    auto id = tlspolicy::parse_sts_record(texts);
    if (id) co_await renew(shard, domain, std::move(*id));
  }
  parts_.probe.known.set(static_cast<std::int64_t>(parts_.store.size()));
}

}  // namespace penstock::mtasts
