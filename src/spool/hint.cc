// SPDX-License-Identifier: Apache-2.0
#include "spool/hint.h"

#include "base/crc32c.h"
#include "spool/byte_codec.h"
#include "spool/payload.h"
#include "spool/record_format.h"

namespace penstock::spool {
namespace {

// Turns positions of names into views; a position that is not there turns failed().
class EntryReader {
 public:
  EntryReader(std::string_view bytes, std::vector<std::string_view> names) : bytes_(bytes), names_(std::move(names)) {}

  [[nodiscard]] bool done() const { return bytes_.left() == 0; }
  [[nodiscard]] bool failed() const { return failed_ || bytes_.failed(); }
  RecordType type() { return static_cast<RecordType>(bytes_.u8()); }

  void read(HintEnvelope& entry) {
    entry.id = model::MessageId{bytes_.u64()};
    entry.offset = offset();
    entry.moved = bytes_.u8() != 0;
    entry.tls = tls_wish();
    entry.body_bytes = bytes_.u64();
    entry.received = bytes_.time();
    entry.first_attempt = bytes_.time();
    entry.stream = name();
    entry.tenant = name();
    entry.campaign = name();
    entry.vmta = name();
    entry.domains.resize(count());
    for (auto& domain : entry.domains) domain = name();
    entry.finished.resize(count());
    for (auto& index : entry.finished) index = bytes_.u32();
  }
  void read(HintAttempt& entry) {
    entry.recipient = recipient();
    entry.offset = offset();
    entry.stamp = bytes_.u64();
    const std::uint32_t packed = bytes_.u32();
    entry.attempts = attempts_of(packed);
    entry.flags = flags_of(packed);
    entry.next_due = bytes_.time();
    entry.hold = bytes_.u8();
    entry.pinned_vmta = name();
    entry.stream = name();
  }
  void read(HintFinal& entry) {
    entry.recipient = recipient();
    entry.envelope_sequence = bytes_.u64();
  }

 private:
  std::uint64_t offset() { return std::uint64_t{bytes_.u32()} * kRecordAlignment; }
  model::RecipientId recipient() {
    const model::MessageId message{bytes_.u64()};
    return {message, bytes_.u32()};
  }
  model::TlsWish tls_wish() {
    const std::uint8_t wish = bytes_.u8();
    failed_ = failed_ || wish > static_cast<std::uint8_t>(model::TlsWish::Optional);
    return static_cast<model::TlsWish>(wish);
  }
  std::string_view name() {
    const std::uint32_t number = bytes_.u32();
    if (number < names_.size()) return names_[number];
    failed_ = true;
    return {};
  }
  // Of things that take four bytes each.
  std::size_t count() {
    const std::uint32_t n = bytes_.u32();
    if (n <= bytes_.left() / 4) return n;
    failed_ = true;
    return 0;
  }

  ByteReader bytes_;
  std::vector<std::string_view> names_;
  bool failed_ = false;
};

}  // namespace

std::uint32_t HintBuilder::name(std::string_view text) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(names_.size());
  numbers_.emplace(names_.emplace_back(text), number);
  return number;
}

void HintBuilder::add_envelope(std::uint64_t offset, const model::Envelope& envelope, bool moved,
                               std::span<const std::uint32_t> finished) {
  ByteWriter writer(entries_);
  writer.u8(static_cast<std::uint8_t>(RecordType::Envelope));
  writer.u64(envelope.id.value);
  writer.u32(static_cast<std::uint32_t>(offset / kRecordAlignment));
  writer.u8(moved ? 1 : 0);
  writer.u8(static_cast<std::uint8_t>(envelope.tls));
  writer.u64(envelope.body_bytes);
  writer.time(envelope.received);
  writer.time(envelope.first_attempt);
  writer.u32(name(envelope.labels.stream));
  writer.u32(name(envelope.labels.tenant));
  writer.u32(name(envelope.labels.campaign));
  writer.u32(name(envelope.labels.vmta));
  writer.u32(static_cast<std::uint32_t>(envelope.recipients.size()));
  for (const auto& recipient : envelope.recipients) writer.u32(name(model::domain_of(recipient.address)));
  writer.u32(static_cast<std::uint32_t>(finished.size()));
  for (const std::uint32_t index : finished) writer.u32(index);
}

void HintBuilder::add_attempt(std::uint64_t offset, std::uint64_t stamp, const AttemptRecord& record) {
  ByteWriter writer(entries_);
  writer.u8(static_cast<std::uint8_t>(RecordType::Attempt));
  writer.u64(record.recipient.message.value);
  writer.u32(record.recipient.index);
  writer.u32(static_cast<std::uint32_t>(offset / kRecordAlignment));
  writer.u64(stamp);
  writer.u32(pack_attempts(record));
  writer.time(record.next_due);
  writer.u8(record.hold);
  writer.u32(name(record.pinned_vmta));
  writer.u32(name(record.stream));
}

void HintBuilder::add_final(const model::RecipientId& recipient, std::uint64_t envelope_sequence) {
  ByteWriter writer(entries_);
  writer.u8(static_cast<std::uint8_t>(RecordType::Final));
  writer.u64(recipient.message.value);
  writer.u32(recipient.index);
  writer.u64(envelope_sequence);
}

std::string HintBuilder::finish(std::uint64_t sequence, std::uint64_t end) const {
  std::string bytes(kHintMagic);
  ByteWriter writer(bytes);
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(names_.size()));
  writer.u64(sequence);
  writer.u64(end);
  writer.u64(entries_.size());
  for (const auto& text : names_) writer.text(text);
  bytes += entries_;
  store_le(bytes.data() + 8, crc32c(std::string_view(bytes).substr(12)));
  return bytes;
}

std::optional<Hint> Hint::parse(std::string bytes) {
  if (bytes.size() < kHintHeaderBytes || !bytes.starts_with(kHintMagic)) return std::nullopt;
  if (load_le<std::uint32_t>(bytes.data() + 8) != crc32c(std::string_view(bytes).substr(12))) return std::nullopt;
  Hint hint;
  ByteReader reader(std::string_view(bytes).substr(12));
  const std::uint32_t names = reader.u32();
  hint.sequence_ = reader.u64();
  hint.end_ = reader.u64();
  const std::uint64_t entry_bytes = reader.u64();
  if (names > reader.left() / 4) return std::nullopt;
  hint.names_.reserve(names);
  for (std::uint32_t i = 0; i < names; ++i) {
    const std::string_view text = reader.text();
    if (reader.failed()) return std::nullopt;
    hint.names_.emplace_back(bytes.size() - reader.left() - text.size(), text.size());
  }
  if (reader.failed() || reader.left() != entry_bytes) return std::nullopt;
  hint.entries_at_ = bytes.size() - entry_bytes;
  hint.bytes_ = std::move(bytes);
  return hint;
}

bool Hint::visit(HintVisitor& visitor) const {
  std::vector<std::string_view> names;
  names.reserve(names_.size());
  for (const auto& [at, length] : names_) names.push_back(std::string_view(bytes_).substr(at, length));
  EntryReader reader(std::string_view(bytes_).substr(entries_at_), std::move(names));
  HintEnvelope envelope;
  HintAttempt attempt;
  HintFinal final;
  while (!reader.done()) {
    switch (reader.type()) {
      case RecordType::Envelope:
        reader.read(envelope);
        if (reader.failed()) return false;
        visitor.envelope(envelope);
        break;
      case RecordType::Attempt:
        reader.read(attempt);
        if (reader.failed()) return false;
        visitor.attempt(attempt);
        break;
      case RecordType::Final:
        reader.read(final);
        if (reader.failed()) return false;
        visitor.finished(final);
        break;
      default: return false;
    }
  }
  return true;
}

}  // namespace penstock::spool
