// SPDX-License-Identifier: Apache-2.0
// FairQueue under random pushes, pops, batches, pauses and scans; a failure names its seed.
#include <array>
#include <deque>
#include <map>

#include "base/rng.h"
#include "queue/fair_queue.h"
#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;

namespace {

constexpr std::size_t kFlows = 12;

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : rng_(seed) {
    for (std::size_t i = 0; i < kFlows; ++i) {
      tenants_[i] = names_.intern("tenant" + std::to_string(i));
      flows_[i] = labels_.intern(LabelSet{.tenant = tenants_[i]});
    }
  }

  void step() {
    switch (rng_.below(10)) {
      case 0:
      case 1:
      case 2: push(); break;
      case 3: change_pause(); break;
      case 4: take_some(); break;
      default: pop();
    }
    std::size_t waiting = 0, used = 0;
    bool any_ready = false;
    for (std::size_t i = 0; i < kFlows; ++i) {
      ASSERT_EQ(queue_.size(flows_[i]), model_[i].size());
      waiting += model_[i].size();
      used += model_[i].empty() ? 0U : 1U;
      any_ready = any_ready || (!model_[i].empty() && paused_[i] == 0);
    }
    ASSERT_EQ(queue_.size(), waiting);
    ASSERT_EQ(queue_.flows(), used);
    ASSERT_EQ(queue_.ready(pauses_), any_ready);
  }
  void drain() {
    for (std::size_t i = 0; i < kFlows; ++i) {
      if (paused_[i] != 0) pauses_.remove(PauseId{paused_[i]});
      paused_[i] = 0;
    }
    while (!queue_.empty() && !::testing::Test::HasFatalFailure()) pop();
    EXPECT_EQ(pool_.chunks_in_use(), 0U);
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

 private:
  static Priority priority_of(std::size_t flow) { return static_cast<Priority>(flow % 3); }
  [[nodiscard]] std::size_t number_of(LabelSetId labels) const {
    return static_cast<std::size_t>(std::find(flows_.begin(), flows_.end(), labels) - flows_.begin());
  }
  void push() {
    const std::size_t flow = rng_.below(kFlows);
    for (std::uint64_t count = rng_.below(30); count > 0; --count) {
      QueuedRecipient recipient = labelled(next_, flows_[flow], static_cast<std::uint32_t>(rng_.below(200)));
      recipient.index = index_++;
      if (rng_.below(3) == 0) ++next_;
      queue_.push(recipient, priority_of(flow));
      model_[flow].push_back(recipient);
    }
  }
  void expect_front(const QueuedRecipient& recipient) {
    const std::size_t flow = number_of(recipient.labels);
    ASSERT_LT(flow, kFlows);
    ASSERT_FALSE(model_[flow].empty());
    ASSERT_EQ(recipient, model_[flow].front()) << "first in, first out";
    model_[flow].pop_front();
    trace_ = trace_ * 31 + recipient.index;
  }
  void pop() {
    const auto next = queue_.pop(pauses_);
    if (!next) {
      for (std::size_t i = 0; i < kFlows; ++i) ASSERT_TRUE(model_[i].empty() || paused_[i] != 0);
      return;
    }
    ASSERT_EQ(paused_[number_of(next->labels)], 0U) << "it is paused";
    expect_front(*next);
    std::vector<QueuedRecipient> more;
    queue_.pop_same_message(*next, rng_.below(5), more);
    for (const QueuedRecipient& recipient : more) {
      ASSERT_EQ(recipient.message, next->message);
      expect_front(recipient);
    }
  }
  void change_pause() {
    const std::size_t flow = rng_.below(kFlows);
    if (paused_[flow] != 0) {
      ASSERT_TRUE(pauses_.remove(PauseId{paused_[flow]}));
      paused_[flow] = 0;
      return;
    }
    paused_[flow] = ++last_pause_;
    ASSERT_TRUE(pauses_.add({.id = PauseId{last_pause_}, .selection = {.tenant = tenants_[flow]}}));
  }
  void take_some() {
    const std::uint64_t which = rng_.below(5);
    FairQueue::Cursor cursor;
    while (!cursor.done()) {
      queue_.scan(cursor, 1 + rng_.below(40), [&](const QueuedRecipient& recipient) {
        return recipient.index % 5 == which ? Visit::Take : Visit::Keep;
      });
    }
    for (auto& flow : model_) std::erase_if(flow, [&](const QueuedRecipient& r) { return r.index % 5 == which; });
  }

  Rng rng_;
  model::NameTable names_;
  LabelSetTable labels_;
  std::array<model::NameId, kFlows> tenants_{};
  std::array<LabelSetId, kFlows> flows_{};
  PauseSet pauses_;
  ChunkPool pool_;
  FairQueue queue_{pool_, labels_};
  std::array<std::deque<QueuedRecipient>, kFlows> model_;
  std::array<std::uint64_t, kFlows> paused_{};  // the id of its pause
  std::uint64_t last_pause_ = 0;
  std::uint64_t next_ = 1;
  std::uint32_t index_ = 0;
  std::uint64_t trace_ = 0;
};

std::uint64_t run(std::uint64_t seed) {
  Traffic traffic(seed);
  for (int i = 0; i < 1000 && !::testing::Test::HasFatalFailure(); ++i) traffic.step();
  if (!::testing::Test::HasFatalFailure()) traffic.drain();
  return traffic.trace();
}

}  // namespace

class FairProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(FairProperty, NothingIsLostOrPausedOrOutOfOrder) {
  run(GetParam());
}

// While flows of one priority all wait, what any two are served differs by two quanta and the dearest at most.
TEST_P(FairProperty, BackloggedFlowsAreServedAlike) {
  Rng rng(GetParam());
  LabelSetTable labels;
  ChunkPool pool;
  FairQueue queue(pool, labels);
  const PauseSet pauses;
  const std::size_t flows = 2 + rng.below(30);
  std::map<LabelSetId, std::int64_t> served;
  std::uint32_t dearest = 0;
  for (std::size_t i = 0; i < flows; ++i) {
    const LabelSetId flow = labels.intern(LabelSet{.tenant = model::NameId{static_cast<std::uint32_t>(i + 1)}});
    served[flow] = 0;
    const std::uint32_t sizes = 1 + static_cast<std::uint32_t>(rng.below(600));
    for (std::uint64_t n = 0; n < 600; ++n) {
      const auto kib = static_cast<std::uint32_t>(rng.below(sizes));
      dearest = std::max(dearest, kib);
      queue.push(labelled(n, flow, kib), Priority::Normal);
    }
  }
  for (int take = 0;; ++take) {
    const QueuedRecipient next = *queue.pop(pauses);
    served[next.labels] += FairQueue::kBaseCost + next.body_kib;
    if (queue.flows() < flows) break;
    const auto [least, most] = std::minmax_element(served.begin(), served.end(),
                                                   [](const auto& a, const auto& b) { return a.second < b.second; });
    ASSERT_LE(most->second - least->second, 2 * FairQueue::kQuantum + FairQueue::kBaseCost + dearest) << take;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FairProperty, ::testing::Range<std::uint64_t>(1, 25));

TEST(FairRun, SameSeedGivesTheSameRun) {
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}
