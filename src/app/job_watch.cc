// SPDX-License-Identifier: Apache-2.0
#include "app/job_watch.h"

#include <algorithm>
#include <utility>

namespace penstock::app {
namespace {

std::uint64_t key_of(const queue::QueuedRecipient& recipient) {
  // Message ids are consecutive and recipients few: collisions would need both to wrap.
  return recipient.message.value * 0x9E3779B97F4A7C15ULL + recipient.index;
}

bool concerns(api::Act act, const queue::QueuedRecipient& recipient, queue::Whereabouts where) {
  const bool held = where == queue::Whereabouts::Held;
  switch (act) {
    // Who waits for a pause's end is held all the same: the pause may end first.
    case api::Act::Hold: return !held || recipient.hold != queue::HoldReason::Operator;
    // A pause is ended by resume.
    case api::Act::Release: return held && recipient.hold != queue::HoldReason::Paused;
    case api::Act::Retry: return where == queue::Whereabouts::Deferred || where == queue::Whereabouts::Scheduled;
    case api::Act::Bounce:
    case api::Act::Reroute: return true;
  }
  return false;
}

}  // namespace

JobWatch::JobWatch(const SelectionMatch& match, const queue::LabelSetTable& labels, api::Act act,
                   model::MessageId horizon, std::size_t shards, Phase phase)
    : match_(match), labels_(labels), act_(act), horizon_(horizon), phase_(phase), met_(shards) {}

bool JobWatch::fits(const queue::QueuedRecipient& recipient, const queue::Place& place) const {
  return recipient.message < horizon_ && match_.may_match(recipient, labels_, place);
}

void JobWatch::keep_deferred(model::NameId but_for) {
  keeps_deferred_ = true;
  but_for_ = but_for;
}

bool JobWatch::keeps(const queue::QueuedRecipient& recipient) const {
  return keeps_deferred_ && recipient.attempts > 0 && recipient.pinned_vmta && recipient.pinned_vmta != but_for_;
}

bool JobWatch::take(const queue::QueuedRecipient& recipient) {
  if (!keeps(recipient)) return true;
  ++kept_;
  return false;
}

bool JobWatch::claim(const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
  // Who is expected fitted where he was seen in flight; a path, for one, is not known of somebody deferred.
  if (phase_ != Phase::Look && expected_.erase(key_of(recipient)) != 0) return take(recipient);
  switch (phase_) {
    case Phase::Look:
      if (!fits(recipient, at.place) || !handled_.insert(key_of(recipient)).second) return false;
      ++matched_;
      if (keeps(recipient)) ++kept_;
      if (match_.needs_confirmation()) candidates_.push_back(recipient);
      return false;
    case Phase::Take:
      if (!fits(recipient, at.place) || !handled_.insert(key_of(recipient)).second) return false;
      ++matched_;
      return take(recipient);
    case Phase::Await: return false;
  }
  return false;
}

bool JobWatch::see(const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
  if (recipient.message >= horizon_ || !concerns(act_, recipient, at.where)) return false;
  const std::lock_guard lock(mutex_);
  return claim(recipient, at);
}

bool JobWatch::meets(std::size_t shard, const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
  if (recipient.message >= horizon_ || !concerns(act_, recipient, at.where)) return false;
  const std::lock_guard lock(mutex_);
  if (!claim(recipient, at)) return false;
  met_[shard].push_back(recipient);
  news_.notify_all();
  return true;
}

void JobWatch::see_in_flight(const queue::QueuedRecipient& recipient, const queue::Place& place) {
  // Nobody in flight is held; who is being set aside just now is not to be released again.
  if (act_ == api::Act::Release || !fits(recipient, place)) return;
  const std::lock_guard lock(mutex_);
  if (!handled_.insert(key_of(recipient)).second) return;
  ++matched_;
  if (phase_ == Phase::Look && keeps(recipient)) {
    ++kept_;  // and is kept if he comes back
  } else {
    expected_.insert(key_of(recipient));
  }
  if (phase_ == Phase::Look && match_.needs_confirmation()) candidates_.push_back(recipient);
}

void JobWatch::await() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::Await;
}

void JobWatch::await(const std::vector<queue::QueuedRecipient>& wanted) {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::Await;
  expected_.clear();
  for (const queue::QueuedRecipient& each : wanted) expected_.insert(key_of(each));
  matched_ = wanted.size();
  kept_ = 0;  // they are counted when they are met
}

void JobWatch::narrow(const std::vector<queue::QueuedRecipient>& wanted) {
  const std::lock_guard lock(mutex_);
  boost::unordered_flat_set<std::uint64_t> in_flight;
  for (const queue::QueuedRecipient& each : wanted) {
    if (expected_.contains(key_of(each))) in_flight.insert(key_of(each));
  }
  expected_ = std::move(in_flight);
  matched_ = wanted.size();
  kept_ = static_cast<std::uint64_t>(std::ranges::count_if(wanted, [this](const auto& each) { return keeps(each); }));
}

std::vector<queue::QueuedRecipient> JobWatch::take_met(std::size_t shard) {
  const std::lock_guard lock(mutex_);
  return std::exchange(met_[shard], {});
}

std::vector<queue::QueuedRecipient> JobWatch::take_candidates() {
  const std::lock_guard lock(mutex_);
  return std::exchange(candidates_, {});
}

std::uint64_t JobWatch::matched() const {
  const std::lock_guard lock(mutex_);
  return matched_;
}

std::uint64_t JobWatch::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

std::uint64_t JobWatch::in_flight() const {
  const std::lock_guard lock(mutex_);
  return expected_.size();
}

void JobWatch::wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, longest, [this] {
    if (woken_) return true;
    for (const auto& each : met_) {
      if (!each.empty()) return true;
    }
    return false;
  });
}

void JobWatch::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  news_.notify_all();
}

}  // namespace penstock::app
