// SPDX-License-Identifier: Apache-2.0
#include "spool/payload.h"

#include <algorithm>

#include "spool/byte_codec.h"

namespace penstock::spool {
namespace {

// The smallest a listed recipient can be; bounds what a count in a payload may make us reserve.
constexpr std::size_t kRecipientBytesMin = 9;

// Of the byte for SMTPUTF8, which had room.
constexpr std::uint8_t kSmtputf8 = 1;
constexpr unsigned kTlsWishShift = 1;

std::uint8_t wishes_of(const model::Envelope& envelope) {
  return static_cast<std::uint8_t>((envelope.smtputf8 ? kSmtputf8 : 0U) | static_cast<unsigned>(envelope.tls)
                                                                              << kTlsWishShift);
}

bool read_wishes(std::uint8_t byte, model::Envelope& envelope) {
  const unsigned wish = byte >> kTlsWishShift;
  if (wish > static_cast<unsigned>(model::TlsWish::Optional)) return false;
  envelope.smtputf8 = (byte & kSmtputf8) != 0;
  envelope.tls = static_cast<model::TlsWish>(wish);
  return true;
}

bool read_recipients(ByteReader& reader, std::vector<model::Recipient>& recipients) {
  const std::uint32_t count = reader.u32();
  if (count > reader.left() / kRecipientBytesMin) return false;
  recipients.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    model::Recipient& recipient = recipients.emplace_back();
    recipient.notify = reader.u8();
    recipient.address = reader.text();
    recipient.original = reader.text();
  }
  return !recipients.empty();
}

bool read_finished(ByteReader& reader, std::size_t recipients, std::vector<std::uint32_t>& finished) {
  const std::uint32_t count = reader.u32();
  if (count > recipients) return false;
  finished.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    finished.push_back(reader.u32());
    if (finished.back() >= recipients) return false;
  }
  return true;
}

}  // namespace

std::size_t envelope_payload_bytes(const model::Envelope& envelope, std::size_t finished) {
  constexpr std::size_t kFixed = 3 * 8 + 4 + 2 * 8 + 7 * 4 + 2 * 4;
  const model::Labels& labels = envelope.labels;
  std::size_t bytes = kFixed + envelope.sender.size() + envelope.envelope_id.size() + envelope.peer.size() +
                      labels.stream.size() + labels.tenant.size() + labels.campaign.size() + labels.vmta.size();
  for (const auto& recipient : envelope.recipients) {
    bytes += kRecipientBytesMin + recipient.address.size() + recipient.original.size();
  }
  if (!labels.list.empty()) bytes += 4 + labels.list.size();
  return bytes + 4 * finished;
}

std::string encode(const EnvelopeParts& parts) {
  const model::Envelope& envelope = parts.envelope;
  std::string payload;
  payload.reserve(envelope_payload_bytes(envelope, parts.finished == nullptr ? 0 : parts.finished->size()));
  ByteWriter writer(payload);
  writer.u64(envelope.id.value);
  writer.u64(parts.body_distance);
  writer.u64(envelope.body_bytes);
  writer.u8(static_cast<std::uint8_t>(envelope.dsn_return));
  writer.u8(static_cast<std::uint8_t>(envelope.body_kind));
  writer.u8(wishes_of(envelope));
  writer.u8(parts.moved ? 1 : 0);
  writer.time(envelope.received);
  writer.time(envelope.first_attempt);
  writer.text(envelope.sender);
  writer.text(envelope.envelope_id);
  writer.text(envelope.peer);
  writer.text(envelope.labels.stream);
  writer.text(envelope.labels.tenant);
  writer.text(envelope.labels.campaign);
  writer.text(envelope.labels.vmta);
  writer.u32(static_cast<std::uint32_t>(envelope.recipients.size()));
  for (const auto& recipient : envelope.recipients) {
    writer.u8(recipient.notify);
    writer.text(recipient.address);
    writer.text(recipient.original);
  }
  writer.u32(parts.finished == nullptr ? 0 : static_cast<std::uint32_t>(parts.finished->size()));
  if (parts.finished != nullptr) {
    for (const std::uint32_t index : *parts.finished) writer.u32(index);
  }
  if (!envelope.labels.list.empty()) writer.text(envelope.labels.list);
  return payload;
}

std::optional<StoredEnvelope> decode_envelope(model::MessageId id, std::string_view payload) {
  StoredEnvelope stored;
  model::Envelope& envelope = stored.envelope;
  envelope.id = id;
  ByteReader reader(payload);
  stored.body_id = model::MessageId{reader.u64()};
  stored.body_distance = reader.u64();
  envelope.body_bytes = reader.u64();
  const std::uint8_t dsn_return = reader.u8();
  const std::uint8_t body_kind = reader.u8();
  if (dsn_return > static_cast<std::uint8_t>(model::DsnReturn::Headers)) return std::nullopt;
  if (body_kind > static_cast<std::uint8_t>(model::BodyKind::BinaryMime)) return std::nullopt;
  envelope.dsn_return = static_cast<model::DsnReturn>(dsn_return);
  envelope.body_kind = static_cast<model::BodyKind>(body_kind);
  if (!read_wishes(reader.u8(), envelope)) return std::nullopt;
  stored.moved = reader.u8() != 0;
  envelope.received = reader.time();
  envelope.first_attempt = reader.time();
  envelope.sender = reader.text();
  envelope.envelope_id = reader.text();
  envelope.peer = reader.text();
  envelope.labels.stream = reader.text();
  envelope.labels.tenant = reader.text();
  envelope.labels.campaign = reader.text();
  envelope.labels.vmta = reader.text();
  if (!read_recipients(reader, envelope.recipients)) return std::nullopt;
  if (!read_finished(reader, envelope.recipients.size(), stored.finished)) return std::nullopt;
  // Added later: payloads without a list end here, as all did before.
  if (reader.left() > 0) envelope.labels.list = reader.text();
  if (!reader.whole()) return std::nullopt;
  return stored;
}

std::uint32_t pack_attempts(const AttemptRecord& record) {
  return std::min(record.attempts, kAttemptsMax) | (std::uint32_t{record.flags} << 24);
}

void append_attempt(std::string& to, std::uint64_t stamp, const AttemptRecord& record) {
  ByteWriter writer(to);
  writer.u64(stamp);
  writer.u32(pack_attempts(record));
  writer.time(record.next_due);
  writer.u8(record.hold);
  writer.text(record.pinned_vmta);
  writer.text(record.stream);
  writer.text(std::string_view(record.last_reply).substr(0, kLastReplyBytesMax));
}

std::optional<StoredAttempt> decode_attempt(const model::RecipientId& recipient, std::string_view payload) {
  StoredAttempt stored;
  stored.record.recipient = recipient;
  ByteReader reader(payload);
  stored.stamp = reader.u64();
  const std::uint32_t packed = reader.u32();
  stored.record.attempts = attempts_of(packed);
  stored.record.flags = flags_of(packed);
  stored.record.next_due = reader.time();
  stored.record.hold = reader.u8();
  stored.record.pinned_vmta = reader.text();
  stored.record.stream = reader.text();
  stored.record.last_reply = reader.text();
  if (!reader.whole()) return std::nullopt;
  return stored;
}

void append_final(std::string& to, std::uint64_t envelope_sequence) {
  ByteWriter(to).u64(envelope_sequence);
}

std::optional<std::uint64_t> decode_final(std::string_view payload) {
  ByteReader reader(payload);
  const std::uint64_t sequence = reader.u64();
  if (!reader.whole()) return std::nullopt;
  return sequence;
}

}  // namespace penstock::spool
