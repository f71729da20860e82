// SPDX-License-Identifier: Apache-2.0
// Headers, payloads and hints, byte by byte: what is on disk must never change its meaning.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "spool/byte_codec.h"
#include "spool/hint.h"
#include "spool/message_index.h"
#include "spool/payload.h"
#include "spool/record_format.h"
#include "spool/segment_store.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

std::string text_of(const std::array<char, kSegmentHeaderBytes>& bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST(SegmentHeader, StandsAsDescribed) {
  const std::string bytes = text_of(encode(SegmentHeader{.state = SegmentState::Sealed,
                                                         .sequence = 2,
                                                         .salt = 3,
                                                         .generation = 4,
                                                         .end = 5,
                                                         .id_high_water = 6,
                                                         .size = 7}));
  EXPECT_EQ(bytes.substr(0, 8), "PNSPOOL1");
  EXPECT_EQ(load_le<std::uint32_t>(&bytes[8]), crc32c(bytes.substr(12)));
  EXPECT_EQ(load_le<std::uint32_t>(&bytes[12]), 3U);
  for (const std::uint64_t i : {2U, 3U, 4U, 5U, 6U, 7U}) EXPECT_EQ(load_le<std::uint64_t>(&bytes[i * 8]), i);
}

TEST(SegmentHeader, AnyFlippedBitMakesItNone) {
  const std::string good = text_of(encode(SegmentHeader{.sequence = 9, .size = 65536}));
  ASSERT_TRUE(decode_segment_header(good));
  EXPECT_EQ(decode_segment_header(good)->sequence, 9U);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_segment_header(bad)) << bit;
  }
  EXPECT_FALSE(decode_segment_header(good.substr(0, 63)));
}

constexpr RecordPlace kPlace{.salt = 11, .sequence = 22, .offset = 8192};
constexpr RecordHeader kHeader{.payload_crc = 1,
                               .payload_bytes = 0xFFFFFFFF,
                               .type = RecordType::Final,
                               .flags = kLastOfBatch,
                               .message = model::MessageId{0xFFFFFFFFFFFFFFFF},
                               .batch = 0xFFFFFFFF,
                               .recipient = 0xFFFFFFFF};

TEST(RecordHeaders, LargestNumbersComeBack) {
  std::string bytes;
  append_header(bytes, kHeader, kPlace);
  ASSERT_EQ(bytes.size(), kRecordHeaderBytes);
  const auto read = decode_record_header(bytes, kPlace);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload_bytes, 0xFFFFFFFF);
  EXPECT_EQ(read->type, RecordType::Final);
  EXPECT_EQ(read->flags, kLastOfBatch);
  EXPECT_EQ(read->message, kHeader.message);
  EXPECT_EQ(read->batch, 0xFFFFFFFF);
  EXPECT_EQ(read->recipient, 0xFFFFFFFF);
}

TEST(RecordHeaders, AtAnotherPlaceItIsNone) {
  std::string bytes;
  append_header(bytes, kHeader, kPlace);
  EXPECT_FALSE(decode_record_header(bytes, {.salt = 12, .sequence = 22, .offset = 8192}));
  EXPECT_FALSE(decode_record_header(bytes, {.salt = 11, .sequence = 23, .offset = 8192}));
  EXPECT_FALSE(decode_record_header(bytes, {.salt = 11, .sequence = 22, .offset = 8200}));
  EXPECT_FALSE(decode_record_header(bytes.substr(0, 31), kPlace));
}

TEST(RecordHeaders, UnknownTypeIsNone) {
  for (const std::uint8_t type : {0, 5, 255}) {
    RecordHeader header = kHeader;
    header.type = static_cast<RecordType>(type);
    std::string bytes;
    append_header(bytes, header, kPlace);
    EXPECT_FALSE(decode_record_header(bytes, kPlace)) << int{type};
  }
}

TEST(RecordBytes, AreFilledToEight) {
  EXPECT_EQ(record_bytes(0), 32U);
  EXPECT_EQ(record_bytes(1), 40U);
  EXPECT_EQ(record_bytes(8), 40U);
  EXPECT_EQ(record_bytes(0xFFFFFFFF), 32U + 0x100000000U);
}

TEST(LocationInASegment, HoldsEveryOffsetOfTheLargest) {
  const std::uint64_t last = (4ULL << 30) - 8;
  EXPECT_EQ(Location::at(0xFFFFFFFF, last).offset(), last);
  EXPECT_EQ(Location::at(0xFFFFFFFF, last).slot, 0xFFFFFFFF);
}

TEST(SegmentName, IsTakenOnlyAsWeWouldGiveIt) {
  EXPECT_EQ(parse_segment_name("000007.segment"), 7U);
  EXPECT_EQ(parse_segment_name("4294967295.segment"), 4294967295U);
  for (const char* name : {"7.segment", "0000007.segment", "000000.segment", "000007.hint", "000007.segment.new",
                           ".segment", "-00007.segment", "00000x.segment", "4294967296.segment", ""}) {
    EXPECT_FALSE(parse_segment_name(name)) << name;
  }
}

model::Envelope full_envelope() {
  model::Envelope envelope = make_envelope(3);
  envelope.id = model::MessageId{77};
  envelope.envelope_id = "env";
  envelope.dsn_return = model::DsnReturn::Full;
  envelope.body_kind = model::BodyKind::BinaryMime;
  envelope.smtputf8 = true;
  envelope.tls = model::TlsWish::Required;
  envelope.labels.vmta = "v1";
  envelope.first_attempt = Time{Duration{-1}};
  envelope.body_bytes = 1ULL << 40;
  envelope.recipients[2].original = "rfc822;x";
  envelope.recipients[2].notify = 15;
  return envelope;
}

TEST(EnvelopePayload, ComesBack) {
  const model::Envelope envelope = full_envelope();
  const std::vector<std::uint32_t> finished{0, 2};
  const std::string payload = encode({.envelope = envelope, .body_distance = 48, .moved = true, .finished = &finished});
  EXPECT_EQ(payload.size(), envelope_payload_bytes(envelope, 2));
  const auto read = decode_envelope(envelope.id, payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->envelope, envelope);
  EXPECT_EQ(read->body_id, envelope.id);
  EXPECT_EQ(read->body_distance, 48U);
  EXPECT_TRUE(read->moved);
  EXPECT_EQ(read->finished, finished);
}

TEST(EnvelopePayload, ListIsKeptAndAPayloadFromBeforeItReadsWithout) {
  model::Envelope envelope = full_envelope();
  const std::string before = encode({.envelope = envelope});
  EXPECT_EQ(decode_envelope(envelope.id, before)->envelope.labels.list, "");
  envelope.labels.list = "weekly";
  const std::string payload = encode({.envelope = envelope});
  EXPECT_EQ(payload.size(), envelope_payload_bytes(envelope));
  EXPECT_TRUE(payload.starts_with(before)) << "it stands at the end";
  EXPECT_EQ(decode_envelope(envelope.id, payload)->envelope, envelope);
  for (std::size_t length = before.size() + 1; length < payload.size(); ++length) {
    EXPECT_FALSE(decode_envelope(envelope.id, payload.substr(0, length))) << length;
  }
}

TEST(EnvelopePayload, CutOrLengthenedIsNone) {
  const model::Envelope envelope = full_envelope();
  const std::string payload = encode({.envelope = envelope});
  for (std::size_t length = 0; length < payload.size(); ++length) {
    EXPECT_FALSE(decode_envelope(envelope.id, payload.substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_envelope(envelope.id, payload + '\0'));
}

TEST(EnvelopePayload, CountsThatCannotBeAreNone) {
  model::Envelope envelope = make_envelope(1);
  std::string payload = encode({.envelope = envelope});
  const std::size_t count_at = payload.size() - 4 - 9 - envelope.recipients[0].address.size() - 4;
  ASSERT_EQ(load_le<std::uint32_t>(&payload[count_at]), 1U);
  store_le(&payload[count_at], std::uint32_t{0xFFFFFFFF});
  EXPECT_FALSE(decode_envelope(envelope.id, payload));
  store_le(&payload[count_at], std::uint32_t{1});
  const std::vector<std::uint32_t> beyond{1};
  EXPECT_FALSE(decode_envelope(envelope.id, encode({.envelope = envelope, .finished = &beyond})));
  envelope.recipients.clear();
  EXPECT_FALSE(decode_envelope(envelope.id, encode({.envelope = envelope})));
}

TEST(AttemptPayload, ComesBackWithItsReplyCut) {
  const AttemptRecord record{.recipient = {model::MessageId{5}, 6},
                             .attempts = 0xFFFFFFFF,  // more than are kept
                             .next_due = Time{Duration{123}},
                             .flags = 0x81,
                             .hold = 255,
                             .pinned_vmta = "v",
                             .stream = "s",
                             .last_reply = std::string(600, 'x')};
  std::string payload;
  append_attempt(payload, 99, record);
  const auto read = decode_attempt(record.recipient, payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->stamp, 99U);
  EXPECT_EQ(read->record.attempts, kAttemptsMax);
  EXPECT_EQ(read->record.flags, 0x81U);
  EXPECT_EQ(read->record.next_due, record.next_due);
  EXPECT_EQ(read->record.hold, 255U);
  EXPECT_EQ(read->record.pinned_vmta, "v");
  EXPECT_EQ(read->record.stream, "s");
  EXPECT_EQ(read->record.last_reply.size(), kLastReplyBytesMax);
  EXPECT_FALSE(decode_attempt(record.recipient, payload.substr(1)));
  EXPECT_FALSE(decode_attempt(record.recipient, payload + "x"));
}

// As spools wrote it before there were flags: four bytes of attempts.
TEST(AttemptPayload, OfAnOldSpoolHasNoFlags) {
  std::string payload;
  ByteWriter writer(payload);
  writer.u64(7);
  writer.u32(65535);
  writer.time(Time{});
  writer.u8(1);
  for (int i = 0; i < 3; ++i) writer.text("");
  const auto read = decode_attempt({model::MessageId{5}, 6}, payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->record.attempts, 65535U);
  EXPECT_EQ(read->record.flags, 0U);
  EXPECT_EQ(read->record.hold, 1U);
}

TEST(FinalPayload, ComesBack) {
  std::string payload;
  append_final(payload, 0xFFFFFFFFFFFFFFFF);
  EXPECT_EQ(decode_final(payload), 0xFFFFFFFFFFFFFFFF);
  EXPECT_FALSE(decode_final(payload.substr(1)));
}

struct Heard final : HintVisitor {
  void envelope(const HintEnvelope& entry) override { envelopes.push_back(entry); }
  void attempt(const HintAttempt& entry) override { attempts.push_back(entry); }
  void finished(const HintFinal& entry) override { finals.push_back(entry); }
  std::vector<HintEnvelope> envelopes;
  std::vector<HintAttempt> attempts;
  std::vector<HintFinal> finals;
};

std::string some_hint() {
  HintBuilder builder;
  const std::vector<std::uint32_t> finished{1};
  builder.add_envelope(8192, full_envelope(), true, finished);
  builder.add_attempt(
      (4ULL << 30) - 8, 3,
      {.recipient = {model::MessageId{77}, 2}, .attempts = 4, .flags = 3, .pinned_vmta = "v9", .stream = "bulk"});
  builder.add_final({model::MessageId{77}, 0}, 12);
  return builder.finish(5, 9999);
}

TEST(HintFile, ComesBack) {
  const auto hint = Hint::parse(some_hint());
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->sequence(), 5U);
  EXPECT_EQ(hint->end(), 9999U);
  Heard heard;
  ASSERT_TRUE(hint->visit(heard));
  ASSERT_EQ(heard.envelopes.size(), 1U);
  EXPECT_EQ(heard.envelopes[0].id, model::MessageId{77});
  EXPECT_EQ(heard.envelopes[0].offset, 8192U);
  EXPECT_TRUE(heard.envelopes[0].moved);
  EXPECT_EQ(heard.envelopes[0].tls, model::TlsWish::Required);
  EXPECT_EQ(heard.envelopes[0].stream, "bulk");
  EXPECT_EQ(heard.envelopes[0].vmta, "v1");
  EXPECT_EQ(heard.envelopes[0].domains, (std::vector<std::string_view>{"d0.example", "d1.example", "d2.example"}));
  EXPECT_EQ(heard.envelopes[0].finished, std::vector<std::uint32_t>{1});
  ASSERT_EQ(heard.attempts.size(), 1U);
  EXPECT_EQ(heard.attempts[0].offset, (4ULL << 30) - 8);
  EXPECT_EQ(heard.attempts[0].attempts, 4U);
  EXPECT_EQ(heard.attempts[0].flags, 3U);
  EXPECT_EQ(heard.attempts[0].pinned_vmta, "v9");
  ASSERT_EQ(heard.finals.size(), 1U);
  EXPECT_EQ(heard.finals[0].envelope_sequence, 12U);
}

TEST(HintFile, AnyFlippedByteOrCutMakesItNone) {
  const std::string good = some_hint();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(Hint::parse(bad)) << i;
    EXPECT_FALSE(Hint::parse(good.substr(0, i))) << i;
  }
  EXPECT_FALSE(Hint::parse(good + "x"));
}

TEST(HintFile, OfTheFormatBeforeIsNone) {
  // It did not say what the sender asks of TLS; a segment's hint of that format is made again.
  std::string old = some_hint();
  old.replace(0, 8, "PNHINT01");
  EXPECT_FALSE(Hint::parse(old));
}

TEST(HintFile, EntriesThatMakeNoSenseAreReported) {
  const std::string good = some_hint();
  const std::size_t entries = load_le<std::uint64_t>(&good[32]);
  for (const std::size_t at : {std::size_t{0}, std::size_t{14}, std::size_t{47}}) {  // type; wish; number of a name
    std::string bad = good;
    bad[bad.size() - entries + at] = static_cast<char>(0x7F);
    store_le(&bad[8], crc32c(std::string_view(bad).substr(12)));
    const auto hint = Hint::parse(bad);
    ASSERT_TRUE(hint);
    Heard heard;
    EXPECT_FALSE(hint->visit(heard)) << at;
  }
}

}  // namespace
}  // namespace penstock::spool
