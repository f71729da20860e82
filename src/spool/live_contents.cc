// SPDX-License-Identifier: Apache-2.0
#include "spool/live_contents.h"

#include <fmt/format.h>

#include <map>

#include "spool/errc.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kEnvelopeBytesAbout = 512;
constexpr std::uint64_t kAttemptBytesAbout = 256;

class Find final : public HintVisitor {
 public:
  Find(const Segment& segment, const Catalog& catalog) : segment_(segment), catalog_(catalog) {}

  void envelope(const HintEnvelope& entry) override {
    if (!catalog_.stands_at(entry.id, Location::at(segment_.slot(), entry.offset))) return;
    live_.messages.push_back({entry.id, entry.offset});
    live_.bytes += entry.body_bytes + kEnvelopeBytesAbout;
  }
  void attempt(const HintAttempt& entry) override {
    if (catalog_.live(entry.recipient)) latest_[entry.recipient] = {entry.stamp, entry.offset};
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
    std::uint64_t stamp;
    std::uint64_t offset;
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

Result<StoredEnvelope> read_stored_envelope(const Segment& segment, model::MessageId id, std::uint64_t offset) {
  const auto record = segment.read_record(offset);
  if (!record) return fail(record.error());
  auto stored = decode_envelope(id, record->payload);
  if (record->header.type != RecordType::Envelope || record->header.message != id || !stored) {
    return fail(Errc::Damaged, fmt::format("segment {} at {}: not that message", segment.sequence(), offset));
  }
  return std::move(*stored);
}

Result<std::string> read_stored_body(const Segment& segment, const StoredEnvelope& stored, std::uint64_t offset) {
  const auto misplaced = [&] {
    return fail(Errc::Damaged, fmt::format("segment {}: no body before {}", segment.sequence(), offset));
  };
  if (stored.body_distance == 0 || stored.body_distance > offset) return misplaced();
  auto record = segment.read_record(offset - stored.body_distance);
  if (!record) return fail(record.error());
  if (record->header.type != RecordType::Body || record->header.message != stored.body_id) return misplaced();
  return std::move(record->payload);
}

Result<StoredMessage> read_stored_message(const Segment& segment, model::MessageId id, std::uint64_t offset) {
  auto stored = read_stored_envelope(segment, id, offset);
  if (!stored) return fail(stored.error());
  auto body = read_stored_body(segment, *stored, offset);
  if (!body) return fail(body.error());
  return StoredMessage{std::move(*stored), std::move(*body)};
}

}  // namespace penstock::spool
