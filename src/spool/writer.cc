// SPDX-License-Identifier: Apache-2.0
#include "spool/writer.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "spool/errc.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kBatchBytesMax = 32U << 20;
// More than any Attempt or Final takes.
constexpr std::uint64_t kSmallRecordBytesMax = 4096;
// This part of a segment is left for Attempt and Final records while there is no spare to go on with.
constexpr std::uint64_t kReserveShare = 16;

std::uint64_t bytes_of(const AcceptItem& item) {
  return record_bytes(item.body->size()) + record_bytes(item.payload.size());
}
Error refusal(const Error& cause) {
  if (cause.code == Errc::Full || cause.code == std::errc::no_space_on_device) {
    return {make_error_code(Errc::Full), cause.detail};
  }
  if (cause.code == Errc::Unhealthy) return cause;
  return {make_error_code(Errc::Unhealthy), cause.to_string()};
}

}  // namespace

void Writer::Placed::clear() {
  accept_first = accept_last = 0;
  accept_offsets.clear();
  moved_offsets.clear();
  moved.clear();
  moved_finished.clear();
  attempts.clear();
  finals.clear();
}

Writer::Writer(Parts parts, std::uint64_t first_stamp, std::function<void(Retired)> retire,
               std::function<void()> half_used)
    : parts_(parts), retire_(std::move(retire)), half_used_(std::move(half_used)), next_stamp_(first_stamp) {}

Writer::~Writer() {
  PENSTOCK_CHECK(!thread_.joinable());
}

void Writer::start() {
  thread_ = std::thread([this] { run(); });
}

void Writer::stop() {
  parts_.submissions.stop();
  thread_.join();
}

void Writer::run() {
  for (;;) {
    Work work = parts_.submissions.take();
    deal_with(work);
    if (work.last) break;
  }
  if (active_) retire_active(false);
}

bool Writer::work_left(const Work& work, const Progress& progress) const {
  return progress.accepts < work.accepts.size() || progress.attempts < work.attempts.size() ||
         progress.finals < work.finals.size() || (work.moves != nullptr && !progress.moves);
}

std::uint64_t Writer::room(bool for_messages) const {
  if (!active_ || (for_messages && below_floor_)) return 0;
  const bool keep_reserve = for_messages && end_ > kFirstRecordOffset && parts_.store.spares() == 0;
  const std::uint64_t limit = active_->size() - (keep_reserve ? active_->size() / kReserveShare : 0);
  return limit > end_ ? limit - end_ : 0;
}

// Sees to it that at least the next thing fits into the active segment.
Result<> Writer::make_room(const Work& work, const Progress& progress) {
  std::uint64_t wanted = kSmallRecordBytesMax;
  bool for_messages = false;
  if (work.moves != nullptr && !progress.moves) {
    wanted = work.moves->bytes;
  } else if (progress.accepts < work.accepts.size()) {
    wanted = bytes_of(work.accepts[progress.accepts]);
    for_messages = true;
  }
  if (wanted <= room(for_messages)) return {};
  auto next = parts_.store.start(parts_.last_id);
  bool below_floor = false;
  // Without room for what is finished nothing would ever get free again. Messages do not get in there.
  const bool small = wanted == kSmallRecordBytesMax && !for_messages;
  if (!next && next.error().code == Errc::Full && small) {
    next = parts_.store.start(parts_.last_id, SegmentStore::Floor::Used);
    below_floor = next.has_value();
  }
  if (!next) return fail(next.error());
  below_floor_ = below_floor;
  if (active_) retire_active(false);
  active_ = std::move(*next);
  parts_.catalog.add_segment(active_);
  end_ = kFirstRecordOffset;
  batch_ = 0;
  half_told_ = false;
  PENSTOCK_CHECK(wanted <= room(for_messages));  // accept() and the maintenance see to it
  return {};
}

void Writer::deal_with(Work& work) {
  Progress progress;
  bool moves_durable = true;
  if (parts_.health.state() == HealthState::Unhealthy) {
    refuse(work, progress, {make_error_code(Errc::Unhealthy), parts_.health.health().reason});
  }
  while (work_left(work, progress)) {
    const Progress before = progress;
    if (auto ready = make_room(work, progress); !ready) {
      const bool moves_wait = work.moves != nullptr && !progress.moves;
      if (ready.error().code == Errc::Full && (moves_wait || progress.accepts < work.accepts.size())) {
        // What is small may still fit where what is large does not.
        parts_.health.set_full(ready.error().detail);
        if (moves_wait) {
          moves_durable = false;
          progress.moves = true;
        } else {
          refuse(work, progress, ready.error());
        }
        continue;
      }
      give_up(work, before, ready.error());
      moves_durable = moves_durable && before.moves;
      break;
    }
    place(work, progress);
    if (builder_.records() == 0) continue;  // nothing of it was live any more
    if (auto written = write(); !written) {
      give_up(work, before, written.error());
      moves_durable = moves_durable && before.moves;
      break;
    }
    applied(work);
  }
  send_answers();
  parts_.submissions.done(work, moves_durable);
}

// The batch at `before` failed, or there is no place for it.
void Writer::give_up(Work& work, const Progress& before, const Error& error) {
  abandon(error);
  Progress rest = before;
  refuse(work, rest, error);
  const auto attempts = std::span(work.attempts).subspan(before.attempts);
  const auto finals = std::span(work.finals).subspan(before.finals);
  if (work.last && attempts.size() + finals.size() > 0) {
    log::error("spool", "{} records of deferred or finished recipients could not be written; they are attempted again",
               attempts.size() + finals.size());
  }
  parts_.submissions.put_back({std::make_move_iterator(attempts.begin()), std::make_move_iterator(attempts.end())},
                              {finals.begin(), finals.end()});
}

void Writer::place(Work& work, Progress& progress) {
  placed_.clear();
  effects_.clear();
  builder_.begin(*active_, end_, batch_ + 1);
  if (work.moves != nullptr && !progress.moves) place_moves(work);
  progress.moves = work.moves != nullptr;
  place_accepts(work, progress);
  place_records(work, progress);
}

void Writer::place_moves(Work& work) {
  moved_payloads_.clear();
  moved_payloads_.reserve(work.moves->messages.size());  // views into the strings are kept
  for (auto& message : work.moves->messages) {
    const model::MessageId id = message.stored.envelope.id;
    if (!parts_.catalog.stands_at(id, message.from)) continue;
    auto& finished = placed_.moved_finished.emplace_back(parts_.catalog.finished(id));
    const std::uint64_t distance = record_bytes(message.body.size());
    const std::string& payload = moved_payloads_.emplace_back(
        encode({.envelope = message.stored.envelope, .body_distance = distance, .moved = true, .finished = &finished}));
    builder_.add({.payload_crc = crc32c(message.body), .type = RecordType::Body, .message = id}, message.body);
    const std::uint64_t offset =
        builder_.add({.payload_crc = crc32c(payload), .type = RecordType::Envelope, .message = id}, payload);
    placed_.moved.push_back(&message);
    placed_.moved_offsets.push_back(offset);
    effects_.moved.push_back({id, offset});
  }
  for (auto& attempt : work.moves->attempts) {
    if (parts_.catalog.live(attempt.record.recipient)) add_attempt(attempt.stamp, attempt.record);
  }
  for (const auto& final : work.moves->finals) add_final(final);
}

void Writer::place_accepts(Work& work, Progress& progress) {
  const std::uint64_t room_bytes = room(true);
  placed_.accept_first = progress.accepts;
  while (progress.accepts < work.accepts.size()) {
    const AcceptItem& item = work.accepts[progress.accepts];
    const std::uint64_t behind = builder_.bytes() + bytes_of(item);
    if (behind > room_bytes || (builder_.records() > 0 && behind > kBatchBytesMax)) break;
    const model::MessageId id = item.envelope->id;
    builder_.add({.payload_crc = item.body_crc, .type = RecordType::Body, .message = id}, *item.body);
    const std::uint64_t offset =
        builder_.add({.payload_crc = item.payload_crc, .type = RecordType::Envelope, .message = id}, item.payload);
    placed_.accept_offsets.push_back(offset);
    effects_.added.push_back({id, offset, static_cast<std::uint32_t>(item.envelope->recipients.size())});
    ++progress.accepts;
  }
  placed_.accept_last = progress.accepts;
}

void Writer::place_records(Work& work, Progress& progress) {
  const std::uint64_t room_bytes = room(false);
  const auto fits = [&] { return builder_.bytes() + kSmallRecordBytesMax <= room_bytes; };
  while (progress.attempts < work.attempts.size() && fits()) {
    // Copied, not moved: should the batch fail, it is needed again.
    const AttemptRecord& record = work.attempts[progress.attempts++];
    if (parts_.catalog.live(record.recipient)) add_attempt(next_stamp_++, record);
  }
  while (progress.finals < work.finals.size() && fits()) {
    const model::RecipientId& recipient = work.finals[progress.finals++];
    auto sequence = parts_.catalog.envelope_sequence(recipient);
    if (!sequence) continue;
    // A message that this very batch moves will stand here.
    const bool moved_here = std::any_of(effects_.moved.begin(), effects_.moved.end(),
                                        [&](const auto& moved) { return moved.id == recipient.message; });
    if (moved_here) sequence = active_->sequence();
    add_final({recipient, *sequence});
    effects_.finished.push_back(recipient);
  }
}

void Writer::add_attempt(std::uint64_t stamp, AttemptRecord record) {
  if (record.last_reply.size() > kLastReplyBytesMax) record.last_reply.resize(kLastReplyBytesMax);
  scratch_.clear();
  append_attempt(scratch_, stamp, record);
  const std::uint64_t offset = builder_.add({.payload_crc = crc32c(scratch_),
                                             .type = RecordType::Attempt,
                                             .message = record.recipient.message,
                                             .recipient = record.recipient.index},
                                            scratch_);
  placed_.attempts.emplace_back(offset, StoredAttempt{stamp, std::move(record)});
}

void Writer::add_final(const HintFinal& final) {
  scratch_.clear();
  append_final(scratch_, final.envelope_sequence);
  builder_.add({.payload_crc = crc32c(scratch_),
                .type = RecordType::Final,
                .message = final.recipient.message,
                .recipient = final.recipient.index},
               scratch_);
  placed_.finals.push_back(final);
}

Result<> Writer::write() {
  if (auto written = active_->file().write_at(end_, builder_.finish()); !written) return written;
  const auto before = std::chrono::steady_clock::now();
  auto synced = active_->file().sync();
  const auto took = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - before).count());
  Counters& counters = parts_.counters;
  ++counters.syncs;
  counters.sync_us_total += took;
  if (took > counters.sync_us_max) counters.sync_us_max = took;
  return synced;
}

// The batch is durable: make it known, and answer.
void Writer::applied(Work& work) {
  end_ = builder_.end();
  ++batch_;
  parts_.catalog.apply(active_->slot(), effects_);
  for (std::size_t i = 0; i < placed_.moved.size(); ++i) {
    hint_.add_envelope(placed_.moved_offsets[i], placed_.moved[i]->stored.envelope, true, placed_.moved_finished[i]);
  }
  const Time now = parts_.clock.now();
  for (std::size_t i = placed_.accept_first; i < placed_.accept_last; ++i) {
    AcceptItem& item = work.accepts[i];
    hint_.add_envelope(placed_.accept_offsets[i - placed_.accept_first], *item.envelope, false, {});
    parts_.cache.add({item.envelope, item.body}, now);
    answer(item, item.envelope->id);
  }
  for (const auto& [offset, attempt] : placed_.attempts) hint_.add_attempt(offset, attempt.stamp, attempt.record);
  for (const auto& final : placed_.finals) hint_.add_final(final.recipient, final.envelope_sequence);
  for (const auto id : effects_.gone) parts_.cache.remove(id);
  Counters& counters = parts_.counters;
  ++counters.batches;
  counters.bytes_written += builder_.bytes();
  counters.records += builder_.records();
  counters.accepted += placed_.accept_last - placed_.accept_first;
  send_answers();
  if (!half_told_ && end_ > active_->size() / 2) {
    half_told_ = true;
    half_used_();
  }
}

void Writer::refuse(Work& work, Progress& progress, const Error& cause) {
  const Error error = refusal(cause);
  parts_.counters.refused += work.accepts.size() - progress.accepts;
  while (progress.accepts < work.accepts.size()) answer(work.accepts[progress.accepts++], fail(error));
}

void Writer::abandon(const Error& error) {
  const bool full = error.code == Errc::Full || error.code == std::errc::no_space_on_device;
  if (full) {
    parts_.health.set_full(error.detail);
  } else {
    parts_.health.set_unhealthy(error.to_string());
  }
  // Nothing was written when there was no room for a new segment; the old one may still take small records.
  if (error.code == Errc::Full || !active_) return;
  const auto sealed = parts_.store.seal(*active_, end_, parts_.last_id);
  if (!sealed) {
    log::error("spool", "segment {} could not be sealed before the failed batch, which may come back as duplicates: {}",
               active_->sequence(), sealed.error().to_string());
  }
  retire_active(sealed.has_value());
}

void Writer::retire_active(bool sealed) {
  retire_({.segment = std::exchange(active_, nullptr),
           .hint = std::exchange(hint_, HintBuilder()),
           .end = end_,
           .sealed = sealed});
}

void Writer::answer(AcceptItem& item, Result<model::MessageId> result) {
  const auto found =
      std::find_if(answers_.begin(), answers_.end(), [&](const auto& a) { return a.first == item.port; });
  auto& list =
      found == answers_.end() ? answers_.emplace_back(item.port, std::vector<Completion>()).second : found->second;
  list.push_back({std::move(item.done), std::move(result)});
}

void Writer::send_answers() {
  for (auto& [port, list] : answers_) {
    if (list.empty()) continue;
    if (port != nullptr) {
      port->completed(std::exchange(list, {}));
    } else {
      for (Completion& completion : list) completion.run();
      list.clear();
    }
  }
}

}  // namespace penstock::spool
