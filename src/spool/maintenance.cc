// SPDX-License-Identifier: Apache-2.0
#include "spool/maintenance.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "spool/errc.h"
#include "spool/live_contents.h"
#include "spool/segment_contents.h"

namespace penstock::spool {
namespace {

// Copied on in one batch, so that the mail that comes meanwhile does not wait long.
constexpr std::uint64_t kMoveBytes = 1U << 20;
// Two items each below this share fit into one segment, and leave less room than it: what was copied on is not due for
// it again as soon as its new segment is full.
constexpr double kCompactBelowMax = 0.4;
// A live share that only a segment without a live message is below.
constexpr double kEmptyBelow = 1e-12;

}  // namespace

Maintenance::Maintenance(Parts parts, const SpoolOptions& options)
    : parts_(parts),
      compact_below_(std::min(options.compact_below, kCompactBelowMax)),
      compact_bytes_per_second_(std::max<std::uint64_t>(options.compact_bytes_per_second, 1)),
      spare_segments_(options.spare_segments),
      segment_room_(options.segment_bytes - kFirstRecordOffset),
      move_bytes_(std::min(kMoveBytes, segment_room_ / 2)),
      interval_(options.probe_interval) {}

Maintenance::~Maintenance() {
  PENSTOCK_CHECK(!thread_.joinable());
}

void Maintenance::start() {
  thread_ = std::thread([this] { loop(); });
}

void Maintenance::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Maintenance::retired(Retired segment) {
  const std::lock_guard lock(mutex_);
  retired_.push_back(std::move(segment));
  woken_ = true;
  wake_.notify_all();
}

void Maintenance::wake_for_spare() {
  const std::lock_guard lock(mutex_);
  spare_wanted_ = true;
  woken_ = true;
  wake_.notify_all();
}

void Maintenance::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, interval_, [&] { return woken_ || stopping_; });
    if (stopping_) return;
    woken_ = false;
    lock.unlock();
    step(Pace::Bounded);
    lock.lock();
  }
}

void Maintenance::run() {
  step(Pace::Unbounded);
}

void Maintenance::step(Pace pace) {
  const std::lock_guard lock(step_mutex_);
  seal_retired();
  // What is begun meanwhile waits for the next step: so this one ends, even if sizes fit badly.
  const std::uint64_t sequence_below = parts_.store.next_sequence();
  // Those that are empty first: they cost nearly nothing, and a spare made anew costs writing it.
  while (!stopping_ && compact_one(kEmptyBelow, sequence_below, pace)) continue;
  look_for_room();
  make_spares();
  while (compact_one(compact_below_, sequence_below, pace)) {
    seal_retired();
    make_spares();
    const std::lock_guard inner(mutex_);
    if (stopping_) return;
  }
  look_for_room();  // what was freed may be enough
}

void Maintenance::seal_retired() {
  std::deque<Retired> retired;
  {
    const std::lock_guard lock(mutex_);
    retired.swap(retired_);
  }
  std::erase_if(retired, [&](Retired& segment) { return seal(segment); });
  const std::lock_guard lock(mutex_);
  retired_.insert(retired_.begin(), std::make_move_iterator(retired.begin()), std::make_move_iterator(retired.end()));
}

bool Maintenance::seal(Retired& retired) {
  Segment& segment = *retired.segment;
  if (!retired.sealed) {
    if (auto sealed = parts_.store.seal(segment, retired.end, parts_.last_id); !sealed) {
      parts_.health.set_unhealthy(sealed.error().to_string());
      return false;
    }
    retired.sealed = true;
  }
  const auto bytes = retired.hint.finish(segment.sequence(), retired.end);
  if (auto kept = replace_file(parts_.files, parts_.store.dir(), SegmentStore::hint_name(segment.slot()), bytes);
      !kept) {
    // It can always be made again from the segment.
    log::warn("spool", "the hint of segment {} could not be written: {}", segment.sequence(), kept.error().to_string());
  }
  parts_.catalog.set_sealed(segment.slot(), retired.end);
  return true;
}

void Maintenance::make_spares() {
  {
    const std::lock_guard lock(mutex_);
    if (!spare_wanted_) return;
    spare_wanted_ = false;
  }
  while (parts_.store.spares() < spare_segments_) {
    if (auto made = parts_.store.add_spare(parts_.last_id, stopping_); !made) {
      // Not yet anybody's trouble: the writer will see for itself when it needs one.
      log::warn("spool", "no spare segment could be made: {}", made.error().to_string());
      return;
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void Maintenance::look_for_room() {
  if (parts_.health.state() != HealthState::Full) return;
  if (parts_.store.spares() == 0 && !parts_.store.add_spare(parts_.last_id, stopping_)) return;
  parts_.health.end_full();
  parts_.catalog.look_again();
}

bool Maintenance::compact_one(double below, std::uint64_t sequence_below, Pace pace) {
  const std::shared_ptr<Segment> segment = parts_.catalog.least_live(below, sequence_below);
  if (!segment) return false;
  const SegmentHeader& header = segment->header();
  auto hint = read_hint_file(parts_.files, parts_.store.dir(), segment->slot(), segment->sequence(), header.end);
  if (!hint) hint = std::move(rebuild_hint(segment->file(), header).hint);
  const LiveContents live = find_live(*hint, *segment, parts_.catalog);
  if (static_cast<double>(live.bytes) >= compact_below_ * static_cast<double>(segment->size() - kFirstRecordOffset)) {
    parts_.catalog.set_not_worth_it(segment->slot());
    return true;
  }
  if (!copy_live(*segment, live, pace)) {
    // No room to copy to, perhaps; others may be free without.
    parts_.catalog.set_not_worth_it(segment->slot());
    return true;
  }
  free(segment);
  if (live.bytes > 0) ++parts_.counters.compacted_segments;
  return true;
}

bool Maintenance::copy_live(Segment& segment, const LiveContents& live, Pace pace) {
  MoveBatch moves;
  for (const auto& where : live.messages) {
    const Location from = Location::at(segment.slot(), where.offset);
    if (!parts_.catalog.stands_at(where.id, from)) continue;
    auto message = read_whole_message(segment, where.id, where.offset);
    if (!message) {
      log::error("spool", "message {} cannot be read and keeps its segment from being freed: {}",
                 model::format_id(where.id), message.error().to_string());
      ++parts_.counters.damaged_records;
      parts_.catalog.set_stuck(segment.slot());
      return false;
    }
    MoveBatch::Message item{std::move(message->stored), std::move(message->body), from};
    if (!add(moves, &MoveBatch::messages, std::move(item), pace)) return false;
  }
  for (const auto& where : live.attempts) {
    const auto record = segment.read_record(where.offset);
    auto stored = record ? decode_attempt(where.recipient, record->payload) : std::nullopt;
    if (!stored) {
      // Without it the recipient is due at once, after the next start.
      log::warn("spool", "an attempt of {} cannot be read", model::format_id(where.recipient));
      continue;
    }
    if (!add(moves, &MoveBatch::attempts, std::move(*stored), pace)) return false;
  }
  for (const auto& final : live.finals) {
    if (!add(moves, &MoveBatch::finals, final, pace)) return false;
  }
  return moves.empty() || move(moves, pace);
}

// Adds one item, and hands over first what is there when it grows too large.
template <class List, class Item>
bool Maintenance::add(MoveBatch& moves, List MoveBatch::*list, Item item, Pace pace) {
  const std::uint64_t bytes = MoveBatch::bytes_of(item);
  if (bytes > segment_room_) return false;  // from the time of larger segments: it stays where it is
  if (!moves.empty() && moves.bytes + bytes > move_bytes_ && !move(moves, pace)) return false;
  moves.bytes += bytes;
  (moves.*list).push_back(std::move(item));
  return true;
}

bool Maintenance::move(MoveBatch& moves, Pace pace) {
  const bool durable = parts_.submissions.move(moves);
  if (pace == Pace::Bounded) pause(moves.bytes);
  moves = MoveBatch{};
  const std::lock_guard lock(mutex_);
  return durable && !(stopping_ && pace == Pace::Bounded);
}

void Maintenance::pause(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  const Duration span{static_cast<std::int64_t>(bytes * 1'000'000 / compact_bytes_per_second_)};
  wake_.wait_for(lock, span, [&] { return stopping_.load(); });
}

void Maintenance::free(const std::shared_ptr<Segment>& segment) {
  if (auto freed = parts_.store.free(*segment, parts_.last_id); !freed) {
    // It still holds what it held, so what names it must be kept: it stays in the catalog.
    parts_.catalog.set_stuck(segment->slot());
    parts_.health.set_unhealthy(freed.error().to_string());
    return;
  }
  parts_.catalog.remove_segment(segment->slot());
  parts_.store.give_back(*segment);
  ++parts_.counters.recycled_segments;
}

}  // namespace penstock::spool
