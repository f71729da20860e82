// SPDX-License-Identifier: Apache-2.0
// JobWatch: which recipients a command over many of them (JobRunner) has to change, so that none is missed and none is
// changed twice, however they move between queues and shards meanwhile.
//
// A job goes through up to three phases:
//   Look   counts or collects what matches, takes nothing: a dry run, and the first pass for an address, which has to
//          be read from envelopes
//   Take   what matches is taken, by a scan of the queues or when it enters one
//   Await  only those named by expect() are taken: they were in flight when the scan ended and are met when they come
//          back, or are found by the second pass for an address
// Use:  dispatcher.add_watch(watch);   scan with see();   expect_in_flight() for each in flight;   await();
// Threads: see() and meets() on shards, the rest on the job's thread; guarded by one mutex, which a shard takes
// while a job runs for recipients older than the job.   Costs: 16 bytes for each recipient that matched, until the job
// ends.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "api/types.h"
#include "app/selection_match.h"
#include "delivery/watch.h"

namespace penstock::app {

class JobWatch final : public delivery::Watch {
 public:
  enum class Phase : std::uint8_t { Look, Take, Await };

  // `match` and `labels` must outlive it. Messages with the id `horizon` and later ones are not the job's business.
  JobWatch(const SelectionMatch& match, const queue::LabelSetTable& labels, api::Act act, model::MessageId horizon,
           std::size_t shards, Phase phase);

  // Whoever was attempted and has to wait for a vMTA, but for this one, matches and is left as he is. Call it before
  // the watch is in use. Not known of him is why: an operator's vMTA that he was attempted from since looks the same.
  void keep_deferred(model::NameId but_for);

  // In a queue. True: it is to be taken out, and the caller's to change.
  [[nodiscard]] bool see(const queue::QueuedRecipient& recipient, const delivery::Sighting& at);
  [[nodiscard]] bool meets(std::size_t shard, const queue::QueuedRecipient& recipient,
                           const delivery::Sighting& at) override;
  // In flight while the queues were scanned: it matches and was not seen, so it is expected to come back.
  void see_in_flight(const queue::QueuedRecipient& recipient, const queue::Place& place);
  // Goes over to Await for those seen in flight.
  void await();
  // The same for these alone, which are all that matched.
  void await(const std::vector<queue::QueuedRecipient>& wanted);

  // Met since the last call, to be changed on that shard.
  [[nodiscard]] std::vector<queue::QueuedRecipient> take_met(std::size_t shard);
  // While looking: these alone matched.
  void narrow(const std::vector<queue::QueuedRecipient>& wanted);
  // Seen while looking, for a selection by address.
  [[nodiscard]] std::vector<queue::QueuedRecipient> take_candidates();
  [[nodiscard]] std::uint64_t matched() const;
  [[nodiscard]] std::uint64_t kept() const;       // of these: see keep_deferred()
  [[nodiscard]] std::uint64_t in_flight() const;  // expected and not met yet
  // Waits until somebody was met, wake() is called, or so long.
  void wait(std::chrono::milliseconds longest);
  void wake();

 private:
  [[nodiscard]] bool fits(const queue::QueuedRecipient& recipient, const queue::Place& place) const;
  [[nodiscard]] bool keeps(const queue::QueuedRecipient& recipient) const;
  [[nodiscard]] bool take(const queue::QueuedRecipient& recipient);
  [[nodiscard]] bool claim(const queue::QueuedRecipient& recipient, const delivery::Sighting& at);

  // set before it is in use, never changed
  const SelectionMatch& match_;
  const queue::LabelSetTable& labels_;
  const api::Act act_;
  const model::MessageId horizon_;
  bool keeps_deferred_ = false;
  model::NameId but_for_{};
  // guarded by mutex_
  mutable std::mutex mutex_;
  std::condition_variable news_;
  Phase phase_;
  boost::unordered_flat_set<std::uint64_t> handled_;   // by key
  boost::unordered_flat_set<std::uint64_t> expected_;  // likewise
  std::vector<queue::QueuedRecipient> candidates_;
  std::vector<std::vector<queue::QueuedRecipient>> met_;  // by shard
  std::uint64_t matched_ = 0;
  std::uint64_t kept_ = 0;
  bool woken_ = false;
};

}  // namespace penstock::app
