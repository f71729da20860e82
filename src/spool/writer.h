// SPDX-License-Identifier: Apache-2.0
// Writer: the one thread that appends to the spool. Takes what was submitted, writes it, syncs once, answers.
//
// A batch that fails is answered with errors and its segment is abandoned: sealed before the batch, so that the batch
// cannot come back. Attempt and Final records of a failed batch are kept and tried again in another segment.
// Owns: its thread and the active segment, which becomes `retired` work for the maintenance when it is full.
// Threads: start() and stop() by one; the rest is the writer's own.
// See: docs/formats/spool.md, "Batches and what 250 promises".
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "spool/batch_builder.h"
#include "spool/catalog.h"
#include "spool/counters.h"
#include "spool/hint.h"
#include "spool/message_cache.h"
#include "spool/segment_store.h"
#include "spool/submissions.h"

namespace penstock::spool {

// A segment nothing more will be appended to.
struct Retired {
  std::shared_ptr<Segment> segment;
  HintBuilder hint;
  std::uint64_t end = 0;
  bool sealed = false;  // its header says so already
};

class Writer {
 public:
  struct Parts {  // all must outlive the writer
    SegmentStore& store;
    Catalog& catalog;
    MessageCache& cache;
    Submissions& submissions;
    Counters& counters;
    HealthBoard& health;
    const Clock& clock;
    const std::atomic<std::uint64_t>& last_id;
  };
  // `retire` is called on the writer thread; `half_used` when the active segment wants a successor soon.
  Writer(Parts parts, std::uint64_t first_stamp, std::function<void(Retired)> retire, std::function<void()> half_used);
  ~Writer();
  void start();
  // Deals with everything submitted, retires the active segment, ends the thread.
  void stop();

 private:
  // How far the present work has come.
  struct Progress {
    std::size_t accepts = 0, attempts = 0, finals = 0;
    bool moves = false;
  };
  // What the batch being built holds.
  struct Placed {
    std::size_t accept_first = 0, accept_last = 0;
    std::vector<std::uint64_t> accept_offsets;
    std::vector<std::uint64_t> moved_offsets;  // parallel to `moved`
    std::vector<const MoveBatch::Message*> moved;
    std::vector<std::vector<std::uint32_t>> moved_finished;
    std::vector<std::pair<std::uint64_t, StoredAttempt>> attempts;  // offset, what
    std::vector<HintFinal> finals;
    void clear();
  };

  void run();
  void deal_with(Work& work);
  [[nodiscard]] bool work_left(const Work& work, const Progress& progress) const;
  [[nodiscard]] Result<> make_room(const Work& work, const Progress& progress);
  [[nodiscard]] std::uint64_t room(bool for_messages) const;
  void place(Work& work, Progress& progress);
  void place_moves(Work& work);
  void place_accepts(Work& work, Progress& progress);
  void place_records(Work& work, Progress& progress);
  void add_attempt(std::uint64_t stamp, AttemptRecord record);
  void add_final(const HintFinal& final);
  [[nodiscard]] Result<> write();
  void applied(Work& work);
  void refuse(Work& work, Progress& progress, const Error& cause);
  void give_up(Work& work, const Progress& before, const Error& error);
  void abandon(const Error& error);
  void retire_active(bool sealed);
  void answer(AcceptItem& item, Result<model::MessageId> result);
  void send_answers();

  // Set in the constructor, never changed.
  Parts parts_;
  const std::function<void(Retired)> retire_;
  const std::function<void()> half_used_;
  std::thread thread_;
  // The writer thread's own.
  std::shared_ptr<Segment> active_;
  HintBuilder hint_;
  std::uint64_t end_ = 0;    // of the active segment: what is durable
  std::uint32_t batch_ = 0;  // of the active segment
  bool half_told_ = false;
  bool below_floor_ = false;  // active_ was made of the space that free_floor_bytes keeps: for small records only
  std::uint64_t next_stamp_;
  BatchBuilder builder_;
  Placed placed_;
  BatchEffects effects_;
  std::string scratch_;
  std::vector<std::string> moved_payloads_;
  std::vector<std::pair<CompletionPort*, std::vector<Completion>>> answers_;
};

}  // namespace penstock::spool
