// SPDX-License-Identifier: Apache-2.0
// QueueTotals and AgeTable: how much waits, where and for how long.
//
// QueueTotals are counters that the dispatcher keeps with every move; reading them is free. AgeTable is filled by a
// scan in slices when somebody asks (`penstock queue age`): domains by age bucket, as qshape shows them, and the same
// by label set. Tables of several shards are added together. Threads: one owner; pass copies.   Limits: AgeTable keeps
// kRows rows of each kind; more go to the row named "other".
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "queue/label_set.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

// Where a recipient is. Scheduled: waits for its first attempt's time. Deferred: waits for a retry time.
enum class Whereabouts : std::uint8_t { Active, Deferred, Held, Scheduled };
[[nodiscard]] const char* to_string(Whereabouts where);  // "active", …

class QueueTotals {
 public:
  void entered(Whereabouts where) { ++counts_[static_cast<std::size_t>(where)]; }
  // Precondition: one is there.
  void left(Whereabouts where);
  void moved(Whereabouts from, Whereabouts to) {
    left(from);
    entered(to);
  }
  [[nodiscard]] std::uint64_t count(Whereabouts where) const { return counts_[static_cast<std::size_t>(where)]; }
  [[nodiscard]] std::uint64_t total() const;
  QueueTotals& operator+=(const QueueTotals& other);

 private:
  std::array<std::uint64_t, 4> counts_{};
};

// Upper bounds of the age buckets, in minutes; the last bucket has none.
inline constexpr std::array<std::uint32_t, 9> kAgeMinutes{5, 10, 20, 40, 80, 160, 320, 640, 1280};
inline constexpr std::size_t kAgeBuckets = kAgeMinutes.size() + 1;
// The bucket of an age: 0 for less than 5 minutes, 9 for 1280 and more.
[[nodiscard]] std::size_t age_bucket(Duration age);

struct AgeRow {
  std::array<std::uint64_t, kAgeBuckets> by_age{};
  std::array<std::uint64_t, 4> by_whereabouts{};
  [[nodiscard]] std::uint64_t total() const;
  AgeRow& operator+=(const AgeRow& other);
};

class AgeTable {
 public:
  static constexpr std::size_t kRows = 100'000;

  void add(const QueuedRecipient& recipient, Whereabouts where, Time now);
  AgeTable& operator+=(const AgeTable& other);

  [[nodiscard]] const AgeRow& total() const { return total_; }
  // What found no row of its own because there were kRows already.
  [[nodiscard]] const AgeRow& other_domains() const { return other_domains_; }
  [[nodiscard]] const AgeRow& other_labels() const { return other_labels_; }
  // Rows with the largest totals first, at most `max`.
  template <class Id>
  struct Ranked {
    Id id;
    AgeRow row;
  };
  [[nodiscard]] std::vector<Ranked<model::NameId>> domains(std::size_t max) const;
  [[nodiscard]] std::vector<Ranked<LabelSetId>> label_sets(std::size_t max) const;

 private:
  template <class Id>
  using Rows = boost::unordered_flat_map<Id, AgeRow, std::hash<Id>>;

  AgeRow total_, other_domains_, other_labels_;
  Rows<model::NameId> domains_;
  Rows<LabelSetId> label_sets_;
};

}  // namespace penstock::queue
