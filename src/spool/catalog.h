// SPDX-License-Identifier: Apache-2.0
// Catalog: what the spool knows in memory: the live messages, the segments that hold records, and how live each is.
//
// It changes when records are durable, never before: the writer applies a batch after its sync.
// Threads: any; one lock inside, held for a batch at the longest.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "spool/message_index.h"
#include "spool/segment_store.h"

namespace penstock::spool {

// Where a message's Envelope record stands.
struct Place {
  std::shared_ptr<const Segment> segment;
  std::uint64_t offset = 0;
};

// What one durable batch changes. All its records stand in one segment.
struct BatchEffects {
  struct Added {
    model::MessageId id;
    std::uint64_t offset;
    std::uint32_t recipients;
  };
  struct Moved {
    model::MessageId id;
    std::uint64_t offset;
  };
  std::vector<Added> added;
  std::vector<Moved> moved;
  std::vector<model::RecipientId> finished;
  std::vector<model::MessageId> gone;  // filled in by apply(): their last recipient is finished
  void clear();
};

class Catalog {
 public:
  // A segment begins to hold records.
  void add_segment(std::shared_ptr<Segment> segment);
  // It holds none that matter; it must hold no live message.
  void remove_segment(std::uint32_t slot);
  // Nothing will be appended to it, and its records end at `end`; it may be compacted.
  void set_sealed(std::uint32_t slot, std::uint64_t end);
  // It is not to be compacted: something in it cannot be read.
  void set_stuck(std::uint32_t slot);
  // Looked at in vain; not again before another segment was freed, or many more messages in it are finished.
  void set_not_worth_it(std::uint32_t slot);
  // Things have changed: each may be worth it again.
  void look_again();

  void apply(std::uint32_t slot, BatchEffects& effects);
  // While the spool is opened: a message found on disk. False if it is here already.
  bool add_found(model::MessageId id, Location where, std::uint32_t recipients,
                 std::span<const std::uint32_t> finished);
  void found_all() {
    const std::lock_guard lock(mutex_);
    index_.shrink();
  }

  [[nodiscard]] std::optional<Place> locate(model::MessageId id) const;
  [[nodiscard]] bool live(const model::RecipientId& recipient) const;
  // The message's Envelope is at just that place.
  [[nodiscard]] bool stands_at(model::MessageId id, Location where) const;
  [[nodiscard]] std::vector<std::uint32_t> finished(model::MessageId id) const;
  // Sequence of the segment that holds the recipient's Envelope; nothing if he is not live.
  [[nodiscard]] std::optional<std::uint64_t> envelope_sequence(const model::RecipientId& recipient) const;
  // A segment with that sequence holds records.
  [[nodiscard]] bool holds(std::uint64_t sequence) const;

  // The sealed segment with the smallest live share, if that is below `share`. An empty one comes first. Only those
  // begun before the sequence.
  [[nodiscard]] std::shared_ptr<Segment> least_live(double share, std::uint64_t sequence_below) const;

  struct Numbers {
    std::uint64_t segments, messages, recipients;
  };
  [[nodiscard]] Numbers numbers() const;

 private:
  struct Entry {
    std::shared_ptr<Segment> segment;
    std::uint64_t end = 0;
    std::uint64_t messages = 0;  // whose Envelope was ever put there
    std::uint64_t live = 0;
    bool sealed = false;
    bool stuck = false;
    std::optional<std::uint64_t> looked_at_live = {};  // not worth it with so many
  };
  [[nodiscard]] double live_share(const Entry& entry) const;
  void leave(std::uint32_t slot);

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  MessageIndex index_;
  boost::unordered_flat_map<std::uint32_t, Entry> entries_;  // by slot
  boost::unordered_flat_set<std::uint64_t> sequences_;
};

}  // namespace penstock::spool
