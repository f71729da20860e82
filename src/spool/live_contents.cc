// SPDX-License-Identifier: Apache-2.0
#include "spool/live_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "spool/errc.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kEnvelopeBytesAbout = 300;
constexpr std::uint64_t kRecipientBytesAbout = 48;
constexpr std::uint64_t kAttemptBytesAbout = 256;
// What one read brings: the body before an envelope, and the envelope.
constexpr std::uint64_t kReadBefore = 32U << 10;
constexpr std::uint64_t kReadFrom = 2U << 10;

class Find final : public HintVisitor {
 public:
  Find(const Segment& segment, const Catalog& catalog) : segment_(segment), catalog_(catalog) {}

  void envelope(const HintEnvelope& entry) override {
    if (!catalog_.stands_at(entry.id, Location::at(segment_.slot(), entry.offset))) return;
    live_.messages.push_back({entry.id, entry.offset});
    live_.bytes += entry.body_bytes + kEnvelopeBytesAbout + entry.domains.size() * kRecipientBytesAbout;
  }
  void attempt(const HintAttempt& entry) override {
    if (!catalog_.live(entry.recipient)) return;
    // Not the last one written: compaction may have brought an older one here later.
    Found& latest = latest_[entry.recipient];
    if (entry.stamp >= latest.stamp) latest = {entry.stamp, entry.offset};
  }
  void finished(const HintFinal& entry) override {
    if (entry.envelope_sequence == segment_.sequence() || !catalog_.holds(entry.envelope_sequence)) return;
    live_.finals.push_back(entry);
    live_.bytes += record_bytes(sizeof(entry.envelope_sequence));
  }
  LiveContents result() {
    for (const auto& [recipient, found] : latest_) live_.attempts.push_back({recipient, found.offset});
    live_.bytes += latest_.size() * kAttemptBytesAbout;
    return std::move(live_);
  }

 private:
  struct Found {
    std::uint64_t stamp = 0;
    std::uint64_t offset = 0;
  };
  const Segment& segment_;
  const Catalog& catalog_;
  LiveContents live_;
  std::map<model::RecipientId, Found> latest_;
};

}  // namespace

LiveContents find_live(const Hint& hint, const Segment& segment, const Catalog& catalog) {
  Find find(segment, catalog);
  (void)hint.visit(find);  // it passed its checksum; an entry that made no sense would have been reported at the start
  return find.result();
}

namespace {

std::optional<StoredEnvelope> as_envelope(model::MessageId id, const RecordHeader& header, std::string_view payload) {
  if (header.type != RecordType::Envelope || header.message != id) return std::nullopt;
  return decode_envelope(id, payload);
}
bool is_body_of(const StoredEnvelope& stored, const RecordHeader& header) {
  return header.type == RecordType::Body && header.message == stored.body_id;
}

}  // namespace

Result<StoredEnvelope> read_stored_envelope(const Segment& segment, model::MessageId id, std::uint64_t offset) {
  const auto record = segment.read_record(offset);
  if (!record) return fail(record.error());
  auto stored = as_envelope(id, record->header, record->payload);
  if (!stored)
    return fail(Errc::Damaged, fmt::format("segment {} at {}: not that message", segment.sequence(), offset));
  return std::move(*stored);
}

Result<std::string> read_stored_body(const Segment& segment, const StoredEnvelope& stored, std::uint64_t offset) {
  const auto misplaced = [&] {
    return fail(Errc::Damaged, fmt::format("segment {}: no body before {}", segment.sequence(), offset));
  };
  if (stored.body_distance == 0 || stored.body_distance > offset) return misplaced();
  auto record = segment.read_record(offset - stored.body_distance);
  if (!record) return fail(record.error());
  if (!is_body_of(stored, record->header)) return misplaced();
  return std::move(record->payload);
}

Result<WholeMessage> read_whole_message(const Segment& segment, model::MessageId id, std::uint64_t offset) {
  // The body stands right before the envelope, mostly within reach of one read.
  const std::uint64_t before = std::min(kReadBefore, offset);
  std::string bytes(before + kReadFrom, '\0');
  const auto read = segment.file().read_at(offset - before, bytes);
  bytes.resize(read ? *read : 0);
  if (bytes.size() > before) {
    const std::string_view view = bytes;
    const auto record = segment.record_in(view.substr(before), offset);
    auto stored = record ? as_envelope(id, record->header, record->payload) : std::nullopt;
    if (stored && stored->body_distance > 0 && stored->body_distance <= before) {
      const auto body = segment.record_in(view.substr(before - stored->body_distance), offset - stored->body_distance);
      if (body && is_body_of(*stored, body->header))
        return WholeMessage{std::move(*stored), std::string(body->payload)};
    }
  }
  // Larger than that, or damaged: the slow way finds out.
  auto stored = read_stored_envelope(segment, id, offset);
  if (!stored) return fail(stored.error());
  auto body = read_stored_body(segment, *stored, offset);
  if (!body) return fail(body.error());
  return WholeMessage{std::move(*stored), std::move(*body)};
}

}  // namespace penstock::spool
