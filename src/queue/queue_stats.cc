// SPDX-License-Identifier: Apache-2.0
#include "queue/queue_stats.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace penstock::queue {
namespace {

template <std::size_t N>
void add_each(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

template <std::size_t N>
std::uint64_t sum(const std::array<std::uint64_t, N>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// The id's row, or the shared one when there are too many.
template <class Rows, class Id>
AgeRow& row_of(Rows& rows, Id id, AgeRow& other) {
  if (const auto found = rows.find(id); found != rows.end()) return found->second;
  return rows.size() < AgeTable::kRows ? rows[id] : other;
}

template <class Id, class Rows>
std::vector<AgeTable::Ranked<Id>> ranked(const Rows& rows, std::size_t max) {
  std::vector<AgeTable::Ranked<Id>> all;
  all.reserve(rows.size());
  for (const auto& [id, row] : rows) all.push_back({id, row});
  const auto larger = [](const auto& a, const auto& b) {
    const auto of_a = a.row.total(), of_b = b.row.total();
    return of_a != of_b ? of_a > of_b : a.id < b.id;
  };
  const std::size_t kept = std::min(max, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(), larger);
  all.resize(kept);
  return all;
}

}  // namespace

const char* to_string(Whereabouts where) {
  switch (where) {
    case Whereabouts::Active: return "active";
    case Whereabouts::Deferred: return "deferred";
    case Whereabouts::Held: return "held";
    case Whereabouts::Scheduled: return "scheduled";
  }
  PENSTOCK_UNREACHABLE();
}

void QueueTotals::left(Whereabouts where) {
  PENSTOCK_CHECK(count(where) > 0);
  --counts_[static_cast<std::size_t>(where)];
}

std::uint64_t QueueTotals::total() const {
  return sum(counts_);
}

QueueTotals& QueueTotals::operator+=(const QueueTotals& other) {
  add_each(counts_, other.counts_);
  return *this;
}

std::size_t age_bucket(Duration age) {
  const auto bound = std::find_if(kAgeMinutes.begin(), kAgeMinutes.end(),
                                  [age](std::uint32_t minutes) { return age < std::chrono::minutes{minutes}; });
  return static_cast<std::size_t>(bound - kAgeMinutes.begin());
}

std::uint64_t AgeRow::total() const {
  return sum(by_age);
}

AgeRow& AgeRow::operator+=(const AgeRow& other) {
  add_each(by_age, other.by_age);
  add_each(by_whereabouts, other.by_whereabouts);
  return *this;
}

void AgeTable::add(const QueuedRecipient& recipient, Whereabouts where, Time now) {
  AgeRow& domain = row_of(domains_, recipient.domain, other_domains_);
  AgeRow& labels = row_of(label_sets_, recipient.labels, other_labels_);
  const std::size_t age = age_bucket(now - time_of(recipient.received));
  for (AgeRow* row : {&total_, &domain, &labels}) {
    ++row->by_age[age];
    ++row->by_whereabouts[static_cast<std::size_t>(where)];
  }
}

AgeTable& AgeTable::operator+=(const AgeTable& other) {
  total_ += other.total_;
  other_domains_ += other.other_domains_;
  other_labels_ += other.other_labels_;
  for (const auto& [id, row] : other.domains_) row_of(domains_, id, other_domains_) += row;
  for (const auto& [id, row] : other.label_sets_) row_of(label_sets_, id, other_labels_) += row;
  return *this;
}

std::vector<AgeTable::Ranked<model::NameId>> AgeTable::domains(std::size_t max) const {
  return ranked<model::NameId>(domains_, max);
}

std::vector<AgeTable::Ranked<LabelSetId>> AgeTable::label_sets(std::size_t max) const {
  return ranked<LabelSetId>(label_sets_, max);
}

}  // namespace penstock::queue
