// SPDX-License-Identifier: Apache-2.0
// ChunkPool and ChunkList: first-in-first-out lists of descriptors in small chunks from one pool per shard.
//
// Every queue of a shard draws from the shard's pool, so thousands of nearly empty queues cost one chunk each and a
// drained queue's memory serves the next. A list is 12 bytes; push and pop are O(1); a full chunk has 2.5 % overhead.
//
// Slices: scan() visits a bounded number of descriptors and remembers the place in a ListCursor; pushes, pops and other
// scans may happen between the calls. What was in the list all along is seen at least once, and once only unless
// another scan, or a pop beyond the place, moved it meanwhile (then a chunk may be seen again). What is pushed during
// the scan may or may not be seen. Chunks that a scan thinned out are joined.
//
// Owns: the pool owns all chunks and must outlive its lists. A list must be cleared before it is forgotten.
// Threads: the shard that owns the pool.
// Limits: 2^32 − 1 chunks (64 thousand million descriptors).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "queue/queued_recipient.h"

namespace penstock::queue {

// What a visitor wants done with what it was shown. Taken descriptors leave the queue: the visitor has its own copy.
enum class Visit : std::uint8_t { Keep, Take };
using Visitor = std::function<Visit(const QueuedRecipient&)>;

class ChunkPool {
 public:
  static constexpr std::uint32_t kChunkItems = 16;
  using Ref = std::uint32_t;  // 0: none

  struct Chunk {
    Ref next = 0;
    std::uint32_t generation = 0;  // changes each time the chunk is freed
    std::uint32_t scan = 0;        // number of the scan that saw all of it last
    std::uint16_t begin = 0;
    std::uint16_t end = 0;
    std::array<QueuedRecipient, kChunkItems> items;
  };

  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  [[nodiscard]] Ref allocate();
  void free(Ref ref);
  [[nodiscard]] Chunk& at(Ref ref) { return (*slabs_[ref / kSlabChunks])[ref % kSlabChunks]; }
  // Whether `ref` is the chunk it was when it had that generation.
  [[nodiscard]] bool alive(Ref ref, std::uint32_t generation) const;
  // A number that no scan before had.
  [[nodiscard]] std::uint32_t next_scan() { return ++scans_; }

  // Memory held, in use or spare. Slabs that became empty are given back, except one.
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::size_t chunks_in_use() const { return in_use_; }

 private:
  static constexpr std::uint32_t kSlabChunks = 128;
  using Slab = std::array<Chunk, kSlabChunks>;
  struct SlabUse {
    Ref first_free = 0;      // list of the slab's free chunks, through Chunk::next
    std::uint32_t used = 0;  // chunks in use
    bool listed = false;     // in with_room_
  };
  void add_slab();
  void give_back(std::uint32_t slab);

  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<SlabUse> use_;
  std::vector<std::uint32_t> with_room_;        // slabs that may have a free chunk, the last one is used first
  std::vector<std::uint32_t> empty_slots_;      // numbers of slabs that were given back
  std::vector<std::uint32_t> base_generation_;  // of the chunks of a slab when it is made again
  std::size_t in_use_ = 0;
  std::size_t live_slabs_ = 0;
  std::size_t idle_slabs_ = 0;  // live ones without a used chunk
  std::uint32_t scans_ = 0;
};

// A place in a list. Make a new one for each scan; numbers come from ChunkPool::next_scan().
struct ListCursor {
  std::uint32_t scan = 0;
  ChunkPool::Ref last = 0;       // the last chunk seen that is still in the list; 0: at the start
  std::uint32_t generation = 0;  // of `last`
  bool done = false;
};

class ChunkList {
 public:
  [[nodiscard]] bool empty() const { return head_ == 0; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  void push(ChunkPool& pool, const QueuedRecipient& recipient);
  // Precondition of both: not empty. The reference lasts until the next change.
  [[nodiscard]] const QueuedRecipient& front(ChunkPool& pool) const;
  QueuedRecipient pop(ChunkPool& pool);
  // Shows at least one chunk and about `max` descriptors; returns how many. Sets cursor.done at the end.
  std::uint32_t scan(ChunkPool& pool, ListCursor& cursor, std::uint32_t max, const Visitor& visit);
  // Frees all chunks.
  void clear(ChunkPool& pool);

 private:
  // First chunk of the list that the cursor's scan has not seen, and the chunk before it.
  struct Place {
    ChunkPool::Ref previous = 0;
    ChunkPool::Ref chunk = 0;
  };
  Place resume(ChunkPool& pool, const ListCursor& cursor) const;
  // Keeps what the visitor keeps, joins it with the chunk before where it fits; returns the last chunk seen.
  ChunkPool::Ref scan_chunk(ChunkPool& pool, Place place, std::uint32_t scan, const Visitor& visit);
  void unlink(ChunkPool& pool, Place place);

  ChunkPool::Ref head_ = 0;
  ChunkPool::Ref tail_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace penstock::queue
