// SPDX-License-Identifier: Apache-2.0
// A flow is served while its deficit is above zero and may go below it with its last recipient or batch; when its turn
// passes it gets a quantum. So in any span in which two flows of a priority both wait, what they are served differs by
// at most two quanta and the dearest batch.
#include "queue/fair_queue.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::queue {
namespace {

constexpr std::size_t kNormal = static_cast<std::size_t>(Priority::Normal);
constexpr std::size_t kBulk = static_cast<std::size_t>(Priority::Bulk);

}  // namespace

const char* to_string(Priority priority) {
  switch (priority) {
    case Priority::Urgent: return "urgent";
    case Priority::Normal: return "normal";
    case Priority::Bulk: return "bulk";
  }
  PENSTOCK_UNREACHABLE();
}

FairQueue::FairQueue(ChunkPool& pool, const LabelSetTable& labels) : pool_(pool), labels_(labels) {}

FairQueue::~FairQueue() {
  for (Flow& flow : slots_) flow.list.clear(pool_);
}

std::int64_t FairQueue::cost(const QueuedRecipient& recipient) {
  return kBaseCost + std::min(recipient.body_kib, kCostKibMax);
}

void FairQueue::push(const QueuedRecipient& recipient, Priority priority) {
  const auto [found, is_new] = flows_.try_emplace(recipient.labels, kNone);
  if (is_new) {
    if (free_slots_.empty()) {
      free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    found->second = free_slots_.back();
    free_slots_.pop_back();
    Flow& flow = slots_[found->second];
    flow = Flow{};
    flow.labels = recipient.labels;
    flow.priority = priority;
    flow.deficit = kQuantum;
    join_round(found->second);
  }
  Flow& flow = slots_[found->second];
  if (flow.priority != priority) {  // the stream's priority was changed by a reload
    if (!flow.paused) leave_round(found->second);
    flow.priority = priority;
    if (!flow.paused) join_round(found->second);
  }
  flow.list.push(pool_, recipient);
  ++size_;
}

std::optional<QueuedRecipient> FairQueue::pop(const PauseSet& pauses) {
  look_at_paused(pauses);
  const std::optional<std::size_t> priority = choose_priority(pauses);
  if (!priority) return std::nullopt;
  const std::uint32_t slot = choose_flow(*priority, pauses);
  count_turn(*priority);
  const QueuedRecipient recipient = take_front(slots_[slot]);
  forget_if_empty(slot);
  return recipient;
}

std::size_t FairQueue::pop_same_message(const QueuedRecipient& first, std::size_t max,
                                        std::vector<QueuedRecipient>& out) {
  const auto found = flows_.find(first.labels);
  if (found == flows_.end()) return 0;
  const std::uint32_t slot = found->second;
  Flow& flow = slots_[slot];
  std::size_t taken = 0;
  for (; taken < max && !flow.list.empty(); ++taken) {
    const QueuedRecipient& next = flow.list.front(pool_);
    if (next.message != first.message || next.domain != first.domain) break;
    out.push_back(take_front(flow));
  }
  forget_if_empty(slot);
  return taken;
}

bool FairQueue::ready(const PauseSet& pauses) {
  look_at_paused(pauses);
  return choose_priority(pauses).has_value();
}

std::size_t FairQueue::size(LabelSetId labels) const {
  const auto found = flows_.find(labels);
  return found == flows_.end() ? 0 : slots_[found->second].list.size();
}

std::size_t FairQueue::scan(Cursor& cursor, std::size_t max, const Visitor& visit) {
  if (!cursor.started_) {
    cursor.started_ = true;
    cursor.list_.scan = pool_.next_scan();
    for (const auto& [labels, slot] : flows_) cursor.flows_.push_back(labels);
  }
  const Visitor count_taken = [&](const QueuedRecipient& recipient) {
    const Visit what = visit(recipient);
    if (what == Visit::Take) --size_;
    return what;
  };
  std::size_t shown = 0;
  while (!cursor.flows_.empty() && shown < max) {
    if (const auto found = flows_.find(cursor.flows_.back()); found != flows_.end()) {
      const std::uint32_t slot = found->second;
      const auto left = static_cast<std::uint32_t>(std::min<std::size_t>(max - shown, 1U << 30));
      shown += slots_[slot].list.scan(pool_, cursor.list_, left, count_taken);
      const bool finished = cursor.list_.done;
      forget_if_empty(slot);
      if (!finished) continue;
    }
    cursor.flows_.pop_back();
    cursor.list_ = ListCursor{.scan = cursor.list_.scan};
  }
  cursor.done_ = cursor.flows_.empty();
  return shown;
}

void FairQueue::look_at_paused(const PauseSet& pauses) {
  if (pauses_version_ == pauses.version()) return;
  pauses_version_ = pauses.version();
  std::erase_if(paused_, [&](std::uint32_t slot) {
    Flow& flow = slots_[slot];
    if (pauses.find(labels_.view(flow.labels)) != nullptr) return false;
    flow.paused = false;
    flow.pauses_version = pauses.version();
    join_round(slot);
    return true;
  });
}

std::uint32_t FairQueue::unpaused_flow(std::size_t priority, const PauseSet& pauses) {
  while (current_[priority] != kNone) {
    const std::uint32_t slot = current_[priority];
    Flow& flow = slots_[slot];
    if (flow.pauses_version == pauses.version()) return slot;
    flow.pauses_version = pauses.version();
    if (pauses.find(labels_.view(flow.labels)) == nullptr) return slot;
    leave_round(slot);
    flow.paused = true;
    paused_.push_back(slot);
  }
  return kNone;
}

std::optional<std::size_t> FairQueue::choose_priority(const PauseSet& pauses) {
  std::array<bool, kPriorities> waits{};
  for (std::size_t p = 0; p < kPriorities; ++p) waits[p] = unpaused_flow(p, pauses) != kNone;
  if (waits[kNormal] && passed_over_[kNormal] + 1 >= kNormalTurn) return kNormal;
  // A take early, so that it is not late when normal comes first at the last one.
  if (waits[kBulk] && passed_over_[kBulk] + 2 >= kBulkTurn) return kBulk;
  const auto first = std::find(waits.begin(), waits.end(), true);
  if (first == waits.end()) return std::nullopt;
  return static_cast<std::size_t>(first - waits.begin());
}

std::uint32_t FairQueue::choose_flow(std::size_t priority, const PauseSet& pauses) {
  for (;;) {
    const std::uint32_t slot = unpaused_flow(priority, pauses);
    Flow& flow = slots_[slot];
    if (flow.deficit > 0) return slot;
    flow.deficit += kQuantum;
    current_[priority] = flow.next;
  }
}

void FairQueue::count_turn(std::size_t priority) {
  for (std::size_t p = 0; p < kPriorities; ++p) {
    if (p == priority || current_[p] == kNone)
      passed_over_[p] = 0;
    else
      ++passed_over_[p];
  }
}

QueuedRecipient FairQueue::take_front(Flow& flow) {
  const QueuedRecipient recipient = flow.list.pop(pool_);
  flow.deficit -= cost(recipient);
  --size_;
  return recipient;
}

// At the end of the round: right before the flow whose turn it is.
void FairQueue::join_round(std::uint32_t slot) {
  Flow& flow = slots_[slot];
  std::uint32_t& current = current_[static_cast<std::size_t>(flow.priority)];
  if (current == kNone) {
    current = flow.next = flow.previous = slot;
    return;
  }
  flow.next = current;
  flow.previous = slots_[current].previous;
  slots_[flow.previous].next = slot;
  slots_[current].previous = slot;
}

void FairQueue::leave_round(std::uint32_t slot) {
  const Flow& flow = slots_[slot];
  std::uint32_t& current = current_[static_cast<std::size_t>(flow.priority)];
  if (current == slot) current = flow.next == slot ? kNone : flow.next;
  slots_[flow.previous].next = flow.next;
  slots_[flow.next].previous = flow.previous;
}

void FairQueue::forget_if_empty(std::uint32_t slot) {
  Flow& flow = slots_[slot];
  if (!flow.list.empty()) return;
  if (flow.paused)
    std::erase(paused_, slot);
  else
    leave_round(slot);
  flows_.erase(flow.labels);
  free_slots_.push_back(slot);
}

}  // namespace penstock::queue
