// SPDX-License-Identifier: Apache-2.0
#include "mtasts/store.h"

#include <algorithm>
#include <array>

#include "base/log.h"

namespace penstock::mtasts {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE mta_sts(domain TEXT PRIMARY KEY, id TEXT NOT NULL, policy TEXT NOT NULL, fetched INTEGER NOT NULL)"
    " WITHOUT ROWID"};

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void log_trouble(const Result<>& result) {
  if (!result) log::warn("mta-sts", "a policy could not be kept: {}", result.error().to_string());
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(state::Writer& writer, const Clock& clock) {
  if (auto done = writer.migrate("mtasts", kSchema); !done) return fail(done.error());
  std::unique_ptr<Store> store(new Store(writer, clock));
  if (auto done = store->load(); !done) return fail(done.error());
  return store;
}

Result<> Store::load() {
  auto db = state::Database::open(writer_.path(), {.access = state::Access::Read});
  if (!db) return fail(db.error());
  auto rows = db->prepare("SELECT domain, id, policy, fetched FROM mta_sts");
  if (!rows) return fail(rows.error());
  const Time now = clock_.wall();
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    auto parsed = tlspolicy::parse_sts_policy(rows->text(2));
    if (!parsed) continue;
    const Time fetched{std::chrono::seconds{rows->integer(3)}};
    const Time expires = fetched + parsed->max_age;
    auto policy = std::make_shared<const KnownPolicy>(
        KnownPolicy{std::string(rows->text(1)), std::string(rows->text(2)), std::move(*parsed), fetched, expires});
    if (expires > now) entries_[std::string(rows->text(0))] = {std::move(policy), now, {}};
  }
}

KnownPolicyPtr Store::find(std::string_view domain) {
  const Time now = clock_.wall();
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(domain);
  if (found == entries_.end() || found->second.policy->expires <= now) return nullptr;
  found->second.used = now;
  return found->second.policy;
}

void Store::put(const std::string& domain, KnownPolicyPtr policy) {
  write(domain, policy);
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kKept && !entries_.contains(domain)) forget_one();
  entries_[domain] = {std::move(policy), clock_.wall(), {}};
}

void Store::write(const std::string& domain, const KnownPolicyPtr& policy) {
  writer_.submit(
      [domain, policy](state::Database& db) -> Result<> {
        auto put = db.prepare("INSERT OR REPLACE INTO mta_sts(domain, id, policy, fetched) VALUES(?1, ?2, ?3, ?4)");
        if (!put) return fail(put.error());
        put->bind(1, domain);
        put->bind(2, policy->id);
        put->bind(3, policy->text);
        put->bind(4, seconds_of(policy->fetched));
        return put->run();
      },
      log_trouble);
}

void Store::erase(const std::string& domain) {
  writer_.submit(
      [domain](state::Database& db) -> Result<> {
        auto gone = db.prepare("DELETE FROM mta_sts WHERE domain = ?1");
        if (!gone) return fail(gone.error());
        gone->bind(1, domain);
        return gone->run();
      },
      log_trouble);
}

void Store::forget_one() {
  const auto first = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.policy->expires < b.second.policy->expires;
  });
  erase(first->first);
  entries_.erase(first);
}

std::vector<std::string> Store::take_stale(std::size_t max) {
  const Time now = clock_.wall();
  std::vector<std::string> stale;
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const KnownPolicy& known = *entry->second.policy;
    if (known.expires <= now) {
      erase(entry->first);
      entry = entries_.erase(entry);
      continue;
    }
    const Duration fresh = std::min(kFresh, known.policy.max_age / 2);
    const bool due = known.fetched + fresh <= now && entry->second.asked + kRetry <= now;
    if (due && entry->second.used + kUnused > now && stale.size() < max) {
      entry->second.asked = now;
      stale.push_back(entry->first);
    }
    ++entry;
  }
  return stale;
}

std::size_t Store::size() {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace penstock::mtasts
