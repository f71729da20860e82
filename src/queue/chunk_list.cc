// SPDX-License-Identifier: Apache-2.0
#include "queue/chunk_list.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::queue {

ChunkPool::Ref ChunkPool::allocate() {
  for (;;) {
    if (with_room_.empty()) add_slab();
    const std::uint32_t slab = with_room_.back();
    SlabUse& use = use_[slab];
    if (slabs_[slab] == nullptr || use.first_free == 0) {
      with_room_.pop_back();
      use.listed = false;
      continue;
    }
    const Ref ref = use.first_free;
    Chunk& chunk = at(ref);
    use.first_free = chunk.next;
    if (use.used++ == 0) --idle_slabs_;
    ++in_use_;
    chunk.next = 0;
    chunk.generation = next_generation();
    chunk.seen = 0;
    chunk.born = scans_;
    chunk.begin = chunk.end = 0;
    return ref;
  }
}

void ChunkPool::free(Ref ref) {
  const std::uint32_t slab = ref / kSlabChunks;
  SlabUse& use = use_[slab];
  Chunk& chunk = at(ref);
  PENSTOCK_CHECK(chunk.generation != 0);
  chunk.generation = 0;
  chunk.next = use.first_free;
  use.first_free = ref;
  --in_use_;
  if (!use.listed) {
    use.listed = true;
    with_room_.push_back(slab);
  }
  if (--use.used == 0 && ++idle_slabs_ > 1) give_back(slab);
}

bool ChunkPool::alive(Ref ref, std::uint32_t generation) const {
  const std::uint32_t slab = ref / kSlabChunks;
  return generation != 0 && slab < slabs_.size() && slabs_[slab] != nullptr &&
         (*slabs_[slab])[ref % kSlabChunks].generation == generation;
}

void ChunkPool::renew(Ref ref) {
  at(ref).generation = next_generation();
}

std::uint32_t ChunkPool::next_generation() {
  if (++generations_ == 0) ++generations_;  // 0 means free
  return generations_;
}

std::size_t ChunkPool::bytes() const {
  return live_slabs_ * sizeof(Slab) + slabs_.capacity() * sizeof(slabs_[0]) + use_.capacity() * sizeof(SlabUse) +
         (with_room_.capacity() + empty_slots_.capacity()) * sizeof(std::uint32_t);
}

void ChunkPool::add_slab() {
  std::uint32_t slab = static_cast<std::uint32_t>(slabs_.size());
  if (empty_slots_.empty()) {
    slabs_.emplace_back();
    use_.emplace_back();
  } else {
    slab = empty_slots_.back();
    empty_slots_.pop_back();
  }
  slabs_[slab] = std::make_unique<Slab>();
  SlabUse& use = use_[slab];
  use.first_free = 0;
  use.used = 0;
  // Chunk 0 of slab 0 is never used: its number means "none".
  for (std::uint32_t i = kSlabChunks; i-- > (slab == 0 ? 1U : 0U);) {
    (*slabs_[slab])[i].next = use.first_free;
    use.first_free = slab * kSlabChunks + i;
  }
  ++live_slabs_;
  ++idle_slabs_;
  if (!use.listed) {
    use.listed = true;
    with_room_.push_back(slab);
  }
}

// A number left in with_room_ stays there; allocate() drops it, or add_slab() makes it true again.
void ChunkPool::give_back(std::uint32_t slab) {
  slabs_[slab].reset();
  empty_slots_.push_back(slab);
  --live_slabs_;
  --idle_slabs_;
}

void ChunkList::push(ChunkPool& pool, const QueuedRecipient& recipient, Origin origin) {
  if (tail_ == 0 || pool.at(tail_).end == ChunkPool::kChunkItems) {
    const ChunkPool::Ref fresh = pool.allocate();
    (tail_ == 0 ? head_ : pool.at(tail_).next) = fresh;
    tail_ = fresh;
  }
  ChunkPool::Chunk& tail = pool.at(tail_);
  tail.items[tail.end++] = recipient;
  if (origin == Origin::Waiting) tail.born = tail.seen = 0;
  ++size_;
}

const QueuedRecipient& ChunkList::front(ChunkPool& pool) const {
  const ChunkPool::Chunk& head = pool.at(head_);
  return head.items[head.begin];
}

QueuedRecipient ChunkList::pop(ChunkPool& pool) {
  PENSTOCK_CHECK(head_ != 0);
  ChunkPool::Chunk& head = pool.at(head_);
  const QueuedRecipient recipient = head.items[head.begin++];
  --size_;
  if (head.begin == head.end) unlink(pool, {0, head_});
  return recipient;
}

void ChunkList::clear(ChunkPool& pool) {
  while (head_ != 0) unlink(pool, {0, head_});
  size_ = 0;
}

void ChunkList::unlink(ChunkPool& pool, Place place) {
  const ChunkPool::Ref next = pool.at(place.chunk).next;
  (place.previous == 0 ? head_ : pool.at(place.previous).next) = next;
  if (tail_ == place.chunk) tail_ = place.previous;
  pool.free(place.chunk);
}

ChunkList::Place ChunkList::to_see(ChunkPool& pool, Place from, std::uint32_t scan) const {
  while (from.chunk != 0) {
    const ChunkPool::Chunk& chunk = pool.at(from.chunk);
    if (chunk.seen != scan && chunk.born < scan) break;
    from = {from.chunk, chunk.next};
  }
  return from;
}

std::uint32_t ChunkList::scan(ChunkPool& pool, ListCursor& cursor, std::uint32_t max, const Visitor& visit) {
  if (cursor.done) return 0;
  Place place{0, head_};
  if (pool.alive(cursor.last, cursor.generation)) place = {cursor.last, pool.at(cursor.last).next};
  place = to_see(pool, place, cursor.scan);
  std::uint32_t shown = 0;
  while (place.chunk != 0 && shown < max) {
    const ChunkPool::Chunk& chunk = pool.at(place.chunk);
    shown += static_cast<std::uint32_t>(chunk.end - chunk.begin);
    const ChunkPool::Ref last = scan_chunk(pool, place, cursor.scan, visit);
    place = to_see(pool, {last, last == 0 ? head_ : pool.at(last).next}, cursor.scan);
  }
  cursor.done = place.chunk == 0;
  cursor.last = place.previous;
  cursor.generation = place.previous == 0 ? 0 : pool.at(place.previous).generation;
  return shown;
}

// The visitor may push to this very list, so nothing moves before it has seen the whole chunk.
ChunkPool::Ref ChunkList::scan_chunk(ChunkPool& pool, Place place, std::uint32_t scan, const Visitor& visit) {
  ChunkPool::Chunk& chunk = pool.at(place.chunk);
  std::uint32_t taken = 0;  // a bit per item
  for (std::uint32_t i = chunk.begin, end = chunk.end; i < end; ++i) {
    if (visit(chunk.items[i]) == Visit::Take) taken |= 1U << i;
  }
  chunk.seen = scan;
  if (taken == 0) return place.chunk;

  std::uint8_t kept = 0;
  for (std::uint32_t i = chunk.begin; i < chunk.end; ++i) {
    if ((taken >> i & 1U) != 0)
      --size_;
    else
      chunk.items[kept++] = chunk.items[i];
  }
  chunk.begin = 0;
  chunk.end = kept;
  if (kept == 0) {
    unlink(pool, place);
    return place.previous;
  }
  if (place.previous == 0) return place.chunk;
  ChunkPool::Chunk& before = pool.at(place.previous);
  if (before.seen != scan || before.end + kept > ChunkPool::kChunkItems) return place.chunk;
  std::copy_n(chunk.items.begin(), kept, before.items.begin() + before.end);
  before.end = static_cast<std::uint8_t>(before.end + kept);
  pool.renew(place.previous);  // another scan that stands there would step over what came in
  unlink(pool, place);
  return place.previous;
}

}  // namespace penstock::queue
