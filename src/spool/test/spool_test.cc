// SPDX-License-Identifier: Apache-2.0
// What the spool promises while the disk behaves.
#include "spool/spool.h"

#include <gtest/gtest.h>

#include <thread>

#include "spool/payload.h"
#include "spool/record_format.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

TEST(Spool, EmptyFolderGivesNothing) {
  Box box;
  box.open();
  EXPECT_TRUE(box.sink.found.empty());
  EXPECT_TRUE(box.spool->healthy());
  EXPECT_EQ(box.spool->stats().recipients, 0U);
}

TEST(Spool, AcceptedMessageIsReadAsItCame) {
  Box box;
  box.open();
  model::Envelope envelope = make_envelope(3);
  envelope.envelope_id = "abc";
  envelope.dsn_return = model::DsnReturn::Headers;
  envelope.body_kind = model::BodyKind::EightBitMime;
  envelope.smtputf8 = true;
  envelope.first_attempt = Time{std::chrono::seconds{1'800'000'100}};
  envelope.recipients[1].notify = model::kNotifyFailure | model::kNotifyDelay;
  envelope.recipients[1].original = "rfc822;other@example";
  const std::string body = make_body(5000);
  const auto id = box.accept(envelope, body);
  ASSERT_TRUE(id);
  envelope.id = *id;
  envelope.body_bytes = body.size();
  for (const bool reopened : {false, true}) {
    if (reopened) box.reopen();
    const auto read = box.spool->read(*id);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read->body, body);
    EXPECT_EQ(*read->envelope, envelope);
    EXPECT_EQ(**box.spool->read_body(*id), body);
    EXPECT_EQ(**box.spool->read_envelope(*id), envelope);
  }
}

TEST(Spool, BodiesOfEverySizeAreReadBack) {
  Box box;
  box.options.segment_bytes = 1U << 20;
  box.open();
  std::map<model::MessageId, std::string> bodies;
  for (const std::size_t bytes : {0U, 1U, 7U, 8U, 1023U, 1024U, 2000U, 32U << 10, (32U << 10) + 9, 300U << 10}) {
    std::string body = make_body(bytes, bytes);
    body.resize(bytes);
    const auto id = box.accept(make_envelope(), body);
    ASSERT_TRUE(id);
    bodies[*id] = std::move(body);
  }
  box.reopen();
  for (const auto& [id, body] : bodies) EXPECT_EQ(*box.spool->read(id)->body, body);
}

TEST(Spool, WhatTheSenderAsksOfTlsComesBackFromTheHintAndWithoutIt) {
  Box box;
  box.open();
  std::map<model::MessageId, model::TlsWish> asked;
  for (const auto wish : {model::TlsWish::Usual, model::TlsWish::Required, model::TlsWish::Optional}) {
    model::Envelope envelope = make_envelope(1);
    envelope.tls = wish;
    const auto id = box.accept(envelope, "hello");
    ASSERT_TRUE(id);
    asked[*id] = wish;
  }
  // Killed: read from the records. Then from the hint that was written for the sealed segment.
  for (int start = 0; start < 2; ++start) {
    box.kill();
    box.open();
    ASSERT_EQ(box.sink.found.size(), 3U);
    for (const auto& [id, wish] : asked) EXPECT_EQ(box.sink.found.at({id, 0}).tls, wish) << start;
  }
  // A hint of the format before, which did not say.
  std::string hint = box.disk.contents(box.path("000001.hint"));
  ASSERT_TRUE(hint.starts_with("PNHINT02"));
  box.disk.set_contents(box.path("000001.hint"), hint.replace(0, 8, "PNHINT01"));
  box.kill();
  box.open();
  for (const auto& [id, wish] : asked) EXPECT_EQ(box.sink.found.at({id, 0}).tls, wish);
  EXPECT_TRUE(box.disk.contents(box.path("000001.hint")).starts_with("PNHINT02"));
}

TEST(Spool, RecoveredRecipientCarriesWhatTheQueueNeeds) {
  Box box;
  box.open();
  model::Envelope envelope = make_envelope(2);
  envelope.labels.vmta = "v7";
  envelope.recipients[1].address = "x@UPPER.Example";
  envelope.first_attempt = Time{std::chrono::seconds{5}};
  const auto id = box.accept(envelope, "hello");
  ASSERT_TRUE(id);
  box.spool->record_attempt({.recipient = {*id, 1},
                             .attempts = 4,
                             .next_due = Time{std::chrono::seconds{99}},
                             .flags = 5,
                             .hold = 3,
                             .pinned_vmta = "v2",
                             .stream = "slow",
                             .last_reply = "421 no"});
  box.reopen();
  ASSERT_EQ(box.sink.found.size(), 2U);
  const Found& first = box.sink.found.at({*id, 0});
  EXPECT_EQ(first.domain, "d0.example");
  EXPECT_EQ(first.stream, "bulk");
  EXPECT_EQ(first.tenant, "shop");
  EXPECT_EQ(first.campaign, "spring");
  EXPECT_EQ(first.vmta, "v7");
  EXPECT_EQ(first.body_bytes, 5U);
  EXPECT_EQ(first.received, envelope.received);
  EXPECT_EQ(first.first_attempt, envelope.first_attempt);
  EXPECT_EQ(first.next_due, Time{});
  EXPECT_EQ(first.attempts, 0U);
  const Found& second = box.sink.found.at({*id, 1});
  EXPECT_EQ(second.domain, "upper.example");
  EXPECT_EQ(second.stream, "slow");
  EXPECT_EQ(second.pinned_vmta, "v2");
  EXPECT_EQ(second.next_due, Time{std::chrono::seconds{99}});
  EXPECT_EQ(second.attempts, 4U);
  EXPECT_EQ(second.hold, 3U);
  EXPECT_EQ(second.flags, 5U);
}

TEST(Spool, FinishedRecipientDoesNotComeBack) {
  Box box;
  box.open();
  const auto id = box.store(3);
  box.finish(id, 1);
  box.reopen();
  EXPECT_TRUE(box.recovered(id, 0));
  EXPECT_FALSE(box.recovered(id, 1));
  EXPECT_TRUE(box.recovered(id, 2));
  EXPECT_EQ(box.spool->stats().recipients, 2U);
}

TEST(Spool, LastRecipientFinishedForgetsTheMessage) {
  Box box;
  box.open();
  const auto id = box.store(2);
  box.finish(id, 0);
  box.finish(id, 1);
  box.spool->flush();
  EXPECT_EQ(box.spool->read(id).error().code, Errc::UnknownMessage);
  EXPECT_EQ(box.spool->read_body(id).error().code, Errc::UnknownMessage);
  EXPECT_EQ(box.spool->read_envelope(id).error().code, Errc::UnknownMessage);
  EXPECT_EQ(box.spool->stats().messages, 0U);
}

TEST(Spool, RecordsOfUnknownOrFinishedRecipientsAreDropped) {
  Box box;
  box.open();
  const auto id = box.store(1);
  box.finish(id, 5);
  box.finish(model::MessageId{12345}, 0);
  box.attempt(model::MessageId{12345}, 0, 1);
  box.finish(id, 0);
  box.spool->flush();
  box.attempt(id, 0, 2);
  box.finish(id, 0);
  box.spool->flush();
  EXPECT_EQ(box.spool->stats().records, 3U);  // body, envelope, one final
  box.reopen();
  EXPECT_TRUE(box.sink.found.empty());
}

TEST(Spool, LastAttemptHolds) {
  Box box;
  box.open();
  const auto id = box.store();
  for (std::uint32_t n = 1; n <= 5; ++n) {
    box.attempt(id, 0, n);
    if (n % 2 == 0) box.spool->flush();
  }
  box.reopen();
  EXPECT_EQ(box.sink.found.at({id, 0}).attempts, 5U);
  box.attempt(id, 0, 2);  // replaced entirely: a smaller number too
  box.reopen();
  EXPECT_EQ(box.sink.found.at({id, 0}).attempts, 2U);
}

TEST(Spool, ManyRecordsAtOnceAreTaken) {
  Box box;
  box.open();
  const auto id = box.store(1000);
  std::vector<AttemptRecord> attempts;
  std::vector<model::RecipientId> finals;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    attempts.push_back({.recipient = {id, i}, .attempts = i + 1, .next_due = {}, .last_reply = std::string(2000, 'x')});
    if (i % 2 == 0) finals.push_back({id, i});
  }
  box.spool->record_attempts(attempts);
  box.spool->record_finals(finals);
  box.reopen();
  ASSERT_EQ(box.sink.found.size(), 500U);
  for (const auto& [recipient, found] : box.sink.found) EXPECT_EQ(found.attempts, recipient.index + 1);
}

TEST(Spool, IdsGrowThoughTheClockStandsOrGoesBack) {
  Box box;
  box.open();
  const auto first = box.spool->make_id();
  const auto second = box.spool->make_id();
  box.clock.step_wall(-std::chrono::hours{1});
  const auto third = box.store();
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  box.reopen();
  EXPECT_LT(third, box.spool->make_id());
}

TEST(Spool, IdsDoNotComeAgainAfterAllWasFinished) {
  Box box;
  box.open();
  const auto id = box.store();
  box.finish(id);
  box.spool->flush();
  box.spool->maintain();
  box.clock.step_wall(-std::chrono::hours{1});
  box.reopen();
  box.spool->maintain();
  box.reopen();
  EXPECT_LT(id, box.spool->make_id());
}

TEST(Spool, IdGivenBeforehandIsKept) {
  Box box;
  box.open();
  model::Envelope envelope = make_envelope();
  envelope.id = box.spool->make_id();
  const auto stored = box.accept(envelope, "x");
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, envelope.id);
}

TEST(Spool, MessageLargerThanASegmentIsTooLarge) {
  Box box;
  box.open();
  const std::size_t whole = Box::kSegmentBytes - kFirstRecordOffset;
  EXPECT_EQ(box.accept(make_envelope(), make_body(whole)).error().code, Errc::TooLarge);
  const std::size_t envelope_bytes = envelope_payload_bytes(make_envelope(), 1);
  const std::size_t largest = whole - record_bytes(envelope_bytes) - kRecordHeaderBytes;
  EXPECT_EQ(box.accept(make_envelope(), make_body(largest + 1)).error().code, Errc::TooLarge);
  const auto id = box.accept(make_envelope(), make_body(largest));
  ASSERT_TRUE(id) << id.error().to_string();
  box.store();
  box.reopen();
  EXPECT_EQ(box.spool->read(*id)->body->size(), largest);
  EXPECT_EQ(box.sink.found.size(), 2U);
}

TEST(Spool, SecondOpeningIsRefused) {
  Box box;
  box.open();
  FoundSink sink;
  const auto second = Spool::open(box.disk, box.clock, box.options, sink);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Locked);
  box.reopen();
}

TEST(Spool, ClosedSpoolRefusesAndDoesNotHang) {
  Box box;
  box.open();
  const auto id = box.store();
  box.spool->close();
  EXPECT_EQ(box.accept(make_envelope(), "x").error().code, Errc::Closed);
  box.finish(id);
  box.spool->flush();
  box.spool->maintain();
  box.spool->close();
}

TEST(Spool, CloseMakesRecordsDurable) {
  Box box;
  box.open();
  const auto id = box.store(2);
  box.finish(id, 0);
  box.attempt(id, 1, 7);
  box.close();
  box.power_cut();
  box.open();
  EXPECT_FALSE(box.recovered(id, 0));
  EXPECT_EQ(box.sink.found.at({id, 1}).attempts, 7U);
}

TEST(Spool, RecordsAreWrittenWithinTheFlushInterval) {
  Box box;
  box.options.flush_interval = std::chrono::milliseconds{1};
  box.open();
  const auto id = box.store();
  box.finish(id);
  while (box.spool->stats().recipients > 0) std::this_thread::yield();
  box.power_cut();
  box.open();
  EXPECT_TRUE(box.sink.found.empty());
}

TEST(Spool, PortGetsTheAnswersOfABatchTogether) {
  struct Port final : CompletionPort {
    void completed(std::vector<Completion>&& batch) override {
      const std::lock_guard lock(mutex);
      for (auto& completion : batch) completions.push_back(std::move(completion));
    }
    std::mutex mutex;
    std::vector<Completion> completions;
  } port;
  Box box;
  box.open();
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    box.spool->accept({.envelope = make_envelope(),
                       .body = std::make_shared<const std::string>("x"),
                       .done = AcceptHandler([&](Result<model::MessageId> r) { done += r ? 1 : 0; }),
                       .port = &port});
  }
  box.spool->flush();
  box.spool->close();
  box.spool->accept({.envelope = make_envelope(),
                     .body = std::make_shared<const std::string>("x"),
                     .done = AcceptHandler([&](Result<model::MessageId> r) { done += r ? 0 : 1000; }),
                     .port = &port});
  EXPECT_EQ(done, 0);  // nothing runs until the port's owner runs it
  for (auto& completion : port.completions) completion.run();
  EXPECT_EQ(done, 1100);
}

TEST(Spool, CacheGivesFreshMessagesWithoutTheDisk) {
  Box box;
  box.options.cache_bytes = 1U << 20;
  box.open();
  const auto id = box.store(2);
  box.disk.fail_reads_after(0, EIO);
  const auto cached = box.spool->find_cached(id);
  ASSERT_TRUE(cached);
  EXPECT_EQ(cached->envelope->id, id);
  EXPECT_TRUE(box.spool->read(id));
  box.spool->release_cached(id);
  EXPECT_FALSE(box.spool->find_cached(id));
  EXPECT_EQ(box.spool->read(id).error().code, Errc::Damaged);
  box.disk.heal();
  EXPECT_EQ(*box.spool->read(id)->body, *cached->body);
  EXPECT_EQ(box.spool->stats().cache_bytes, 0U);
  EXPECT_EQ(box.spool->stats().cache_hits, 1U);
  EXPECT_EQ(box.spool->stats().cache_misses, 1U);
}

TEST(Spool, CacheForgetsFinishedMessages) {
  Box box;
  box.options.cache_bytes = 1U << 20;
  box.open();
  const auto id = box.store();
  box.finish(id);
  box.spool->flush();
  EXPECT_FALSE(box.spool->find_cached(id));
  EXPECT_EQ(box.spool->stats().cache_bytes, 0U);
}

TEST(Spool, StatsCountWhatWasDone) {
  Box box;
  box.open();
  box.store(2, 1000);
  box.store(1, 1000);
  const SpoolStats stats = box.spool->stats();
  EXPECT_EQ(stats.accepted, 2U);
  EXPECT_EQ(stats.records, 4U);
  EXPECT_EQ(stats.messages, 2U);
  EXPECT_EQ(stats.recipients, 3U);
  EXPECT_EQ(stats.batches, 2U);
  EXPECT_EQ(stats.syncs, 2U);
  EXPECT_EQ(stats.segments, 1U);
  EXPECT_GT(stats.bytes_written, 2000U);
  EXPECT_EQ(stats.refused, 0U);
}

}  // namespace
}  // namespace penstock::spool
