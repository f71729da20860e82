// SPDX-License-Identifier: Apache-2.0
// Maintenance: the thread that keeps segments in order behind the writer: seals and hints those that are full, frees
// those in which nothing matters, copies the live part of nearly empty ones on, makes spares, and looks for room while
// the disk is full.
//
// One step at a time: a compacted segment is freed before the next is begun; docs/formats/spool.md says why.
// Threads: retired() and wake() any; start() and stop() by one; run() any, it waits for a running step.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "spool/catalog.h"
#include "spool/counters.h"
#include "spool/file_system.h"
#include "spool/segment_store.h"
#include "spool/submissions.h"
#include "spool/writer.h"

namespace penstock::spool {

class Maintenance {
 public:
  struct Parts {  // all must outlive it
    FileSystem& files;
    SegmentStore& store;
    Catalog& catalog;
    Submissions& submissions;
    Counters& counters;
    HealthBoard& health;
    const std::atomic<std::uint64_t>& last_id;
  };
  Maintenance(Parts parts, const SpoolOptions& options);
  ~Maintenance();
  void start();
  // Ends the thread after the step it is at. run() may still be called.
  void stop();

  // A segment wants to be sealed.
  void retired(Retired segment);
  // A spare may be wanted.
  void wake_for_spare();

  // Everything there is to do now, copying without a bound on its speed.
  void run();
  // Seals what was retired; what cannot be sealed now stays for the next call.
  void seal_retired();

 private:
  enum class Pace : std::uint8_t { Bounded, Unbounded };

  void loop();
  void step(Pace pace);
  [[nodiscard]] bool seal(Retired& retired);
  void make_spares();
  void look_for_room();
  [[nodiscard]] bool compact_one(double below, std::uint64_t sequence_below, Pace pace);
  [[nodiscard]] bool copy_live(Segment& segment, const struct LiveContents& live, Pace pace);
  template <class List, class Item>
  [[nodiscard]] bool add(MoveBatch& moves, List MoveBatch::*list, Item item, Pace pace);
  [[nodiscard]] bool move(MoveBatch& moves, Pace pace);
  void free(const std::shared_ptr<Segment>& segment);
  void pause(std::uint64_t bytes);

  // Set in the constructor, never changed.
  Parts parts_;
  const double compact_below_;
  const std::uint64_t compact_bytes_per_second_;
  const std::uint32_t spare_segments_;
  const std::uint64_t segment_room_, move_bytes_;
  const Duration interval_;
  std::thread thread_;
  // Held while a step runs.
  std::mutex step_mutex_;
  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Retired> retired_;
  bool spare_wanted_ = false;
  bool woken_ = false;
  // Set under mutex_, so that nobody waits on; read by any.
  std::atomic<bool> stopping_{false};
};

}  // namespace penstock::spool
