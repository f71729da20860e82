// SPDX-License-Identifier: Apache-2.0
// ChunkPool and ChunkList: first-in-first-out lists of descriptors in small chunks from one pool per shard.
//
// Every queue of a shard draws from the shard's pool, so thousands of nearly empty queues cost one chunk each and a
// drained queue's memory serves the next. A list is 12 bytes; push and pop are O(1); a full chunk has 3 % overhead.
//
// Slices: scan() visits a bounded number of descriptors and remembers the place in a ListCursor; pushes, pops and other
// scans may happen between the calls. What is in the list all along is seen, and seen once unless two scans run at the
// same time while one of them takes or the front is popped (then a chunk may be seen again). What is pushed during the
// scan may or may not be seen, but a scan whose visitor pushes back what it takes comes to an end. Chunks that a scan
// thinned out are joined.
//
// Owns: the pool owns all chunks and must outlive its lists. A list must be cleared before it is forgotten.
// Threads: the shard that owns the pool.   Limits: 2^32 − 1 chunks (64 thousand million descriptors).
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
    std::uint32_t generation = 0;  // unlike that of any other use of this chunk; 0: free
    std::uint32_t seen = 0;        // number of the last scan that saw all of it
    std::uint32_t born = 0;        // number of the newest scan when its first descriptor came; 0: older than all
    std::uint8_t begin = 0;        // descriptors are items[begin] to items[end − 1]
    std::uint8_t end = 0;
    std::array<QueuedRecipient, kChunkItems> items{};
  };

  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  [[nodiscard]] Ref allocate();
  void free(Ref ref);
  [[nodiscard]] Chunk& at(Ref ref) { return (*slabs_[ref / kSlabChunks])[ref % kSlabChunks]; }
  // Whether `ref` is the chunk it was when it had that generation.
  [[nodiscard]] bool alive(Ref ref, std::uint32_t generation) const;
  // Makes the chunk another one in the eyes of whoever remembers its generation.
  void renew(Ref ref);
  // A number that no scan before had.
  [[nodiscard]] std::uint32_t next_scan() { return ++scans_; }

  // Memory held, in use or spare. Slabs that became empty are given back, except one.
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::size_t chunks_in_use() const { return in_use_; }

 private:
  static constexpr std::uint32_t kSlabChunks = 128;
  using Slab = std::array<Chunk, kSlabChunks>;
  struct SlabUse {
    Ref first_free = 0;      // the slab's free chunks, linked through Chunk::next
    std::uint32_t used = 0;  // chunks in use
    bool listed = false;     // stands in with_room_
  };
  [[nodiscard]] std::uint32_t next_generation();
  void add_slab();
  void give_back(std::uint32_t slab);

  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<SlabUse> use_;
  std::vector<std::uint32_t> with_room_;    // slabs that may have a free chunk, the last one is used first
  std::vector<std::uint32_t> empty_slots_;  // numbers of slabs that were given back
  std::size_t in_use_ = 0;
  std::size_t live_slabs_ = 0;
  std::size_t idle_slabs_ = 0;  // live ones without a used chunk
  std::uint32_t scans_ = 0;
  std::uint32_t generations_ = 0;
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
  // Waiting: it was in the same queue before (a scan under way has to see it still). Arriving: it was not.
  enum class Origin : std::uint8_t { Arriving, Waiting };
  void push(ChunkPool& pool, const QueuedRecipient& recipient, Origin origin = Origin::Arriving);
  // Precondition of both: not empty. The reference lasts until the next change.
  [[nodiscard]] const QueuedRecipient& front(ChunkPool& pool) const;
  QueuedRecipient pop(ChunkPool& pool);
  // Shows at least one chunk and about `max` descriptors; returns how many. Sets cursor.done at the end.
  std::uint32_t scan(ChunkPool& pool, ListCursor& cursor, std::uint32_t max, const Visitor& visit);
  // Frees all chunks.
  void clear(ChunkPool& pool);

 private:
  // A chunk and the one before it (0: it is the head).
  struct Place {
    ChunkPool::Ref previous = 0;
    ChunkPool::Ref chunk = 0;
  };
  // The first chunk from there on that the scan has to see; chunk 0 at the end.
  Place to_see(ChunkPool& pool, Place from, std::uint32_t scan) const;
  // Removes what the visitor takes and joins the rest with the chunk before where it fits; returns the last chunk seen.
  ChunkPool::Ref scan_chunk(ChunkPool& pool, Place place, std::uint32_t scan, const Visitor& visit);
  void unlink(ChunkPool& pool, Place place);

  ChunkPool::Ref head_ = 0;
  ChunkPool::Ref tail_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace penstock::queue
