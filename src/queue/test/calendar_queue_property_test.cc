// SPDX-License-Identifier: Apache-2.0
// CalendarQueue against a sorted map, with random operations; a failure names its seed.
#include <map>
#include <set>

#include "base/rng.h"
#include "queue/calendar_queue.h"
#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;

namespace {

class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : rng_(seed), calendar_(pool_, time_of(now_)) {}

  void step() {
    const std::uint64_t what = rng_.below(100);
    if (what < 55)
      push();
    else if (what < 85)
      pop();
    else if (what < 97)
      scan();
    else
      take_some();
    ASSERT_EQ(calendar_.size(), model_.size());
    const auto next = calendar_.next_due();
    ASSERT_EQ(next.has_value(), !model_.empty());
    if (next) {
      ASSERT_LE(*next, time_of(model_.begin()->first));
    }
  }

  // Everything that is left comes out by its time, and the memory with it.
  void drain() {
    while (!model_.empty()) {
      now_ = std::max(now_, model_.begin()->first);
      pop();
      if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_EQ(calendar_.size(), 0U);
    EXPECT_EQ(pool_.chunks_in_use(), 0U);
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

 private:
  // Mostly minutes, sometimes days, now and then the past.
  Second some_due() {
    switch (rng_.below(8)) {
      case 0: return now_ - static_cast<Second>(rng_.below(1000));
      case 1: return now_ + static_cast<Second>(rng_.below(500'000));
      case 2: return now_ + static_cast<Second>(rng_.below(9000));
      default: return now_ + static_cast<Second>(rng_.below(600));
    }
  }
  void push() {
    for (std::uint64_t count = rng_.below(60); count > 0; --count) {
      const QueuedRecipient recipient = numbered(next_++, some_due());
      calendar_.push(recipient);
      model_.emplace(std::max(recipient.due, floor_), recipient.message.value);
    }
  }
  void pop() {
    now_ += static_cast<Second>(rng_.below(20) == 0 ? rng_.below(20'000) : rng_.below(100));
    const std::size_t max = 1 + rng_.below(80);
    std::vector<QueuedRecipient> out;
    calendar_.pop_due(time_of(now_), max, out);
    ASSERT_LE(out.size(), max);
    for (const QueuedRecipient& recipient : out) {
      ASSERT_FALSE(model_.empty());
      const Second earliest = model_.begin()->first;
      ASSERT_LE(earliest, now_) << "too early";
      const auto [from, until] = model_.equal_range(earliest);
      const auto found =
          std::find_if(from, until, [&](const auto& entry) { return entry.second == recipient.message.value; });
      ASSERT_NE(found, until) << "not of the earliest second";
      model_.erase(found);
      floor_ = std::max(floor_, earliest);
      trace_ = trace_ * 31 + recipient.message.value;
    }
    if (out.size() < max) {
      ASSERT_TRUE(model_.empty() || model_.begin()->first > now_) << "something due was left";
      floor_ = now_;
    }
  }
  void scan() {
    if (cursor_.done() || !scanning_) {
      cursor_ = {};
      scanning_ = true;
      seen_.clear();
      at_start_.clear();
      for (const auto& [due, n] : model_) at_start_.insert(n);
    }
    calendar_.scan(cursor_, 1 + rng_.below(200), [this](const QueuedRecipient& recipient) {
      seen_.insert(recipient.message.value);
      return Visit::Keep;
    });
    if (!cursor_.done()) return;
    for (const auto& [due, n] : model_) {
      ASSERT_TRUE(!at_start_.contains(n) || seen_.contains(n)) << n << " was not shown";
    }
  }
  // A second scan, from start to end, that takes every seventh; it may run while the other is half way.
  void take_some() {
    std::set<std::uint64_t> taken;
    CalendarQueue::Cursor cursor;
    while (!cursor.done()) {
      calendar_.scan(cursor, 100, [&](const QueuedRecipient& recipient) {
        if (recipient.message.value % 7 != 3) return Visit::Keep;
        EXPECT_TRUE(taken.insert(recipient.message.value).second) << "taken twice";
        return Visit::Take;
      });
    }
    const auto gone = std::erase_if(model_, [&](const auto& entry) { return taken.contains(entry.second); });
    ASSERT_EQ(gone, taken.size());
    for (const auto& [due, n] : model_) ASSERT_NE(n % 7, 3U) << n << " was not shown";
  }

  Rng rng_;
  Second now_ = kStart;
  Second floor_ = kStart;  // what is pushed with an earlier time is due then
  std::uint64_t next_ = 1;
  std::multimap<Second, std::uint64_t> model_;
  ChunkPool pool_;
  CalendarQueue calendar_;
  CalendarQueue::Cursor cursor_;
  bool scanning_ = false;
  std::set<std::uint64_t> seen_, at_start_;
  std::uint64_t trace_ = 0;
};

std::uint64_t run(std::uint64_t seed, int steps) {
  Comparison comparison(seed);
  for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) comparison.step();
  if (!::testing::Test::HasFatalFailure()) comparison.drain();
  return comparison.trace();
}

}  // namespace

class CalendarProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(CalendarProperty, AgreesWithASortedMap) {
  run(GetParam(), 600);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CalendarProperty, ::testing::Range<std::uint64_t>(1, 25));

TEST(CalendarRun, SameSeedGivesTheSameRun) {
  EXPECT_EQ(run(7, 300), run(7, 300));
  EXPECT_NE(run(7, 300), run(8, 300));
}
