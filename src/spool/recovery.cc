// SPDX-License-Identifier: Apache-2.0
#include "spool/recovery.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <vector>

#include "base/log.h"
#include "spool/hint.h"
#include "spool/segment_contents.h"

namespace penstock::spool {
namespace {

struct RecipientHash {
  using is_avalanching = void;
  std::size_t operator()(const model::RecipientId& id) const noexcept {
    std::uint64_t mixed = (id.message.value + id.index * 0xD6E8FEB86659FD93ULL) * 0x9E3779B97F4A7C15ULL;
    mixed ^= mixed >> 32;
    return mixed * 0xD6E8FEB86659FD93ULL;
  }
};

// First pass: what is finished, what was attempted, which Envelope of those that stand twice holds.
class Gather final : public HintVisitor {
 public:
  Gather(const Catalog& catalog, std::span<const model::RecipientId> noted)
      : catalog_(catalog), noted_(noted.begin(), noted.end()) {
    for (const auto& id : noted) last_id_ = std::max(last_id_, id.message.value);
  }

  void begin(std::uint64_t sequence) { sequence_ = sequence; }
  void envelope(const HintEnvelope& entry) override {
    last_id_ = std::max(last_id_, entry.id.value);
    // Segments come by sequence, so the last one noted is the newest.
    if (entry.moved) newest_copy_[entry.id.value] = sequence_;
  }
  void attempt(const HintAttempt& entry) override {
    next_stamp_ = std::max(next_stamp_, entry.stamp + 1);
    HintAttempt& latest = attempts_[entry.recipient];
    if (entry.stamp >= latest.stamp) latest = entry;
  }
  void finished(const HintFinal& entry) override {
    // Also of messages that are long gone: their ids must not come again.
    last_id_ = std::max(last_id_, entry.recipient.message.value);
    if (catalog_.holds(entry.envelope_sequence)) finished_.insert(entry.recipient);
  }

  [[nodiscard]] bool is_newest(const HintEnvelope& entry, std::uint64_t sequence) const {
    const auto newest = newest_copy_.find(entry.id.value);
    return newest == newest_copy_.end() || newest->second == sequence;
  }
  [[nodiscard]] bool is_finished(const model::RecipientId& id) const { return finished_.contains(id); }
  [[nodiscard]] bool is_noted(const model::RecipientId& id) const { return noted_.contains(id); }
  [[nodiscard]] const HintAttempt* attempt_of(const model::RecipientId& id) const {
    const auto found = attempts_.find(id);
    return found == attempts_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] Recovered numbers() const { return {.last_id = last_id_, .next_stamp = next_stamp_, .noted = {}}; }

 private:
  const Catalog& catalog_;
  std::uint64_t sequence_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t next_stamp_ = 1;
  boost::unordered_flat_set<model::RecipientId, RecipientHash> finished_, noted_;
  boost::unordered_flat_map<model::RecipientId, HintAttempt, RecipientHash> attempts_;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> newest_copy_;  // message id → sequence
};

// Second pass: the live ones go into the catalog and to the sink.
class Tell final : public HintVisitor {
 public:
  Tell(const Gather& gathered, Catalog& catalog, RecoverySink& sink)
      : gathered_(gathered), catalog_(catalog), sink_(sink) {}

  void begin(const Segment& segment) {
    sequence_ = segment.sequence();
    slot_ = segment.slot();
  }
  [[nodiscard]] std::vector<model::RecipientId> take_noted() { return std::move(noted_); }
  void envelope(const HintEnvelope& entry) override {
    if (!gathered_.is_newest(entry, sequence_)) return;
    finished_ = entry.finished;
    for (std::uint32_t i = 0; i < entry.domains.size(); ++i) {
      if (gathered_.is_finished({entry.id, i})) finished_.push_back(i);
    }
    std::sort(finished_.begin(), finished_.end());
    finished_.erase(std::unique(finished_.begin(), finished_.end()), finished_.end());
    const auto recipients = static_cast<std::uint32_t>(entry.domains.size());
    if (finished_.size() >= recipients) return;
    if (!catalog_.add_found(entry.id, Location::at(slot_, entry.offset), recipients, finished_)) return;
    for (std::uint32_t i = 0; i < recipients; ++i) {
      if (std::binary_search(finished_.begin(), finished_.end(), i)) continue;
      if (gathered_.is_noted({entry.id, i})) {
        noted_.push_back({entry.id, i});
      } else {
        tell(entry, i);
      }
    }
  }

 private:
  void tell(const HintEnvelope& entry, std::uint32_t index) {
    RecoveredRecipient found{.id = {entry.id, index},
                             .domain = entry.domains[index],
                             .stream = entry.stream,
                             .tenant = entry.tenant,
                             .campaign = entry.campaign,
                             .vmta = entry.vmta,
                             .tls = entry.tls,
                             .pinned_vmta = {},
                             .body_bytes = entry.body_bytes,
                             .received = entry.received,
                             .first_attempt = entry.first_attempt,
                             .next_due = {}};
    if (const HintAttempt* attempt = gathered_.attempt_of(found.id)) {
      if (!attempt->stream.empty()) found.stream = attempt->stream;
      found.pinned_vmta = attempt->pinned_vmta;
      found.next_due = attempt->next_due;
      found.attempts = attempt->attempts;
      found.hold = attempt->hold;
      found.flags = attempt->flags;
    }
    sink_.recovered(found);
  }

  const Gather& gathered_;
  Catalog& catalog_;
  RecoverySink& sink_;
  std::uint64_t sequence_ = 0;
  std::uint32_t slot_ = 0;
  std::vector<std::uint32_t> finished_;
  std::vector<model::RecipientId> noted_;
};

// Writes the last batch of a segment once more. Its sync may have failed before the process ended: then the system
// shows its bytes but has given up writing them, and no sync would bring them to the disk.
Result<> write_again(File& file, std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kPieceBytes = 4U << 20;
  std::string bytes;
  while (from < to) {
    bytes.resize(std::min(kPieceBytes, to - from));
    const auto read = file.read_at(from, bytes);
    if (!read) return fail(read.error());
    bytes.resize(*read);
    const std::string_view view = bytes;
    if (view.empty()) break;
    if (auto written = file.write_at(from, std::span(&view, 1)); !written) return written;
    from += view.size();
  }
  return {};
}

// The hint of one segment; seals the segment and writes the hint where that was not done.
Result<Hint> take_hint(FileSystem& files, SegmentStore& store, Segment& segment, Counters& counters,
                       std::uint64_t id_high_water, HintUse use) {
  const SegmentHeader header = segment.header();
  if (header.state == SegmentState::Sealed && use == HintUse::Trust) {
    auto hint = read_hint_file(files, store.dir(), segment.slot(), segment.sequence(), header.end);
    if (hint) return std::move(*hint);
  }
  RebuiltHint rebuilt = rebuild_hint(segment.file(), header);
  const ScanSummary& summary = rebuilt.summary;
  if (summary.torn) {
    ++counters.torn_tails;
    log::info("spool", "segment {} was cut at {}, its last whole record", segment.sequence(), summary.end);
  }
  counters.damaged_records += summary.damaged.size();
  for (const auto& stretch : summary.damaged) {
    set_aside(files, store.dir(), segment.file(), segment.sequence(), stretch);
  }
  if (header.state != SegmentState::Sealed) {
    auto written = write_again(segment.file(), summary.last_batch, summary.end);
    if (!written) return fail(written.error());
  }
  // Also if it says that it is sealed: there would be a hint if that were known to be durable.
  if (auto sealed = store.seal(segment, summary.end, id_high_water); !sealed) return fail(sealed.error());
  if (auto kept = replace_file(files, store.dir(), SegmentStore::hint_name(segment.slot()), rebuilt.bytes); !kept) {
    log::warn("spool", "the hint of segment {} could not be written: {}", segment.sequence(), kept.error().to_string());
  }
  return std::move(rebuilt.hint);
}

}  // namespace

Result<Recovered> recover(FileSystem& files, SegmentStore& store, Catalog& catalog, Counters& counters,
                          RecoverySink& sink, std::span<const model::RecipientId> noted, HintUse use) {
  auto loaded = store.load();
  if (!loaded) return fail(loaded.error());
  for (const auto& name : loaded->unreadable) {
    ++counters.damaged_records;
    log::error("spool", "{}/{} has no whole header and is left alone", store.dir(), name);
  }
  std::vector<SegmentHint> hints;
  for (const auto& segment : loaded->segments) {
    auto hint = take_hint(files, store, *segment, counters, loaded->id_high_water, use);
    if (!hint) return fail(hint.error());
    catalog.add_segment(segment);
    catalog.set_sealed(segment->slot(), hint->end());
    hints.push_back({segment, std::move(*hint)});
  }
  Recovered recovered = find_recipients(hints, catalog, sink, noted);
  recovered.last_id = std::max(recovered.last_id, loaded->id_high_water);
  return recovered;
}

Recovered find_recipients(const std::vector<SegmentHint>& hints, Catalog& catalog, RecoverySink& sink,
                          std::span<const model::RecipientId> noted) {
  Gather gather(catalog, noted);
  for (const auto& [segment, hint] : hints) {
    gather.begin(segment->sequence());
    if (!hint.visit(gather)) log::error("spool", "the hint of segment {} makes no sense", segment->sequence());
  }
  Tell tell(gather, catalog, sink);
  for (const auto& [segment, hint] : hints) {
    tell.begin(*segment);
    (void)hint.visit(tell);  // reported above
  }
  catalog.found_all();
  Recovered recovered = gather.numbers();
  recovered.noted = tell.take_noted();
  return recovered;
}

}  // namespace penstock::spool
