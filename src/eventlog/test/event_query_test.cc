// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eventlog/catalog.h"
#include "eventlog/segment_format.h"
#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

using namespace std::chrono_literals;

std::string recipients(const FoundEvents& found) {
  std::string lines;
  for (const std::string& line : found.lines) lines += line + "\n";
  return recipients_in(lines);
}

// Four messages to four people over three segments: compressed, sealed and current.
class EventQueries : public testing::Test {
 protected:
  EventQueries() {
    folder_.open();
    add("ann@a.example", 1);
    add("bob@b.example", 2);
    folder_.log->seal();
    folder_.log->maintain();
    add("Ann@A.example", 3);
    folder_.log->seal();
    add("\"odd \\\" one\"@c.example", 4);
    add("ann@a.example", 3);
    folder_.log->record(delivered("bob@b.example", folder_.clock.wall(), 5));  // not flushed: the query does
  }
  void add(std::string_view recipient, std::uint64_t message) {
    folder_.write(recipient, message);
    folder_.clock.advance(1min);
  }
  FoundEvents trace_of(TraceQuery query) {
    auto found = trace(*folder_.log, query);
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  FoundEvents events(const EventsQuery& query) {
    auto found = find_events(*folder_.log, query);
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  LogFolder folder_;
};

TEST_F(EventQueries, TraceFindsAnAddressInEverySegmentWithoutCase) {
  EXPECT_EQ(recipients(trace_of({.recipient = "ANN@a.Example", .message = {}, .since = {}})),
            "ann@a.example Ann@A.example ann@a.example");
  EXPECT_EQ(recipients(trace_of({.recipient = "bob@b.example", .message = {}, .since = {}})),
            "bob@b.example bob@b.example");
  EXPECT_EQ(recipients(trace_of({.recipient = "\"odd \\\" one\"@c.example", .message = {}, .since = {}})),
            "\"odd \\\" one\"@c.example");
  for (const char* none : {"nn@a.example", "ann@a.exampl", "x", "ann@a.example\"", "\",\"domain\":\"example.net"}) {
    EXPECT_EQ(recipients(trace_of({.recipient = none, .message = {}, .since = {}})), "") << none;
  }
}

TEST_F(EventQueries, TraceFindsAMessage) {
  EXPECT_EQ(recipients(trace_of({.recipient = "", .message = model::MessageId{3}, .since = {}})),
            "Ann@A.example ann@a.example");
  EXPECT_EQ(recipients(trace_of({.recipient = "", .message = model::MessageId{1}, .since = {}})), "ann@a.example");
  EXPECT_EQ(recipients(trace_of({.recipient = "", .message = model::MessageId{77}, .since = {}})), "");
}

TEST_F(EventQueries, SeveralMessagesAreFoundInOneWalkTheNewestFirst) {
  const auto seen = [this](std::vector<model::MessageId> messages, Time since = {}) {
    FoundEvents found;
    EXPECT_TRUE(visit_messages(*folder_.log, messages, since,
                               [&found](std::string_view line) { found.lines.emplace_back(line); }));
    return recipients(found);
  };
  EXPECT_EQ(seen({model::MessageId{1}, model::MessageId{3}}), "ann@a.example Ann@A.example ann@a.example");
  EXPECT_EQ(seen({model::MessageId{3}, model::MessageId{2}, model::MessageId{77}}),
            "ann@a.example Ann@A.example bob@b.example");
  EXPECT_EQ(seen({model::MessageId{3}, model::MessageId{1}}, folder_.clock.wall() - 1min), "ann@a.example")
      << "segments that ended before are left out";
  EXPECT_EQ(seen({model::MessageId{77}}), "");
  EXPECT_EQ(seen({}), "");
}

TEST_F(EventQueries, EveryLineSinceATimeIsVisited) {
  std::size_t all = 0;
  std::size_t young = 0;
  EXPECT_TRUE(visit_since(*folder_.log, Time{}, [&all](std::string_view) { ++all; }));
  EXPECT_TRUE(visit_since(*folder_.log, folder_.clock.wall(), [&young](std::string_view) { ++young; }));
  EXPECT_EQ(all, 6U);
  EXPECT_EQ(young, 3U) << "those of the current segment";
}

TEST_F(EventQueries, TraceGivesTheNewestAndSaysThatThereAreMore) {
  const FoundEvents two = trace_of({.recipient = "ann@a.example", .message = {}, .since = {}, .limit = 2});
  EXPECT_EQ(recipients(two), "Ann@A.example ann@a.example");
  EXPECT_TRUE(two.more);
  const FoundEvents three = trace_of({.recipient = "ann@a.example", .message = {}, .since = {}, .limit = 3});
  EXPECT_EQ(three.lines.size(), 3U);
  EXPECT_FALSE(three.more);
}

TEST_F(EventQueries, TraceSinceLeavesOlderOnesOut) {
  const Time start{1'800'000'000s};
  EXPECT_EQ(trace_of({.recipient = "ann@a.example", .message = {}, .since = start + 1s}).lines.size(), 2U);
  EXPECT_EQ(trace_of({.recipient = "ann@a.example", .message = {}, .since = start}).lines.size(), 3U);
  EXPECT_EQ(trace_of({.recipient = "ann@a.example", .message = {}, .since = start + 1h}).lines.size(), 0U);
}

TEST_F(EventQueries, TraceWithoutAQuestionIsRefused) {
  EXPECT_FALSE(trace(*folder_.log, TraceQuery{}));
}

TEST_F(EventQueries, FilterRulesOutASegmentWithoutReadingIt) {
  // Damaged, so that reading it would show.
  const std::string file = folder_.log->catalog().path(0, kCompressedSuffix);
  const std::string good = contents_of(file);
  put_contents(file, "damaged");
  EXPECT_EQ(trace_of({.recipient = "nobody@x", .message = {}, .since = {}}).lines.size(), 0U);
  EXPECT_EQ(trace_of({.recipient = "ann@a.example", .message = {}, .since = {}}).lines.size(), 2U);
  put_contents(file, good);
  // Without its filter the segment is read.
  std::filesystem::remove(folder_.log->catalog().path(0, kFilterSuffix));
  EXPECT_EQ(trace_of({.recipient = "ann@a.example", .message = {}, .since = {}}).lines.size(), 3U);
}

TEST_F(EventQueries, NewestEventsComeInOrderWithACursorBehindThem) {
  const FoundEvents found = events({.cursor = {}, .last = 2, .filter = {}});
  EXPECT_EQ(recipients(found), "ann@a.example bob@b.example");
  EXPECT_EQ(found.cursor, folder_.log->end());
  EXPECT_FALSE(found.more);
  EXPECT_EQ(events({.cursor = {}, .last = 100, .filter = {}}).lines.size(), 6U);
  EXPECT_EQ(events({.cursor = {}, .last = 0, .filter = {}}).lines.size(), 0U);
  folder_.write("new@x");
  EXPECT_EQ(recipients(events({.cursor = found.cursor, .filter = {}})), "new@x");
}

TEST_F(EventQueries, CursorGoesThroughEverythingPieceByPiece) {
  std::string all;
  FoundEvents found;
  found.more = true;
  while (found.more) {
    found = events({.cursor = found.cursor, .max = 1, .filter = {}});
    EXPECT_LE(found.lines.size(), 1U);
    all += recipients(found) + ";";
  }
  EXPECT_EQ(all, "ann@a.example;bob@b.example;Ann@A.example;\"odd \\\" one\"@c.example;ann@a.example;bob@b.example;");
}

TEST_F(EventQueries, LastAboveMaxGivesTheFirstOfThemAndACursorToTheRest) {
  const FoundEvents found = events({.cursor = {}, .last = 3, .max = 1, .filter = {}});
  EXPECT_EQ(recipients(found), "\"odd \\\" one\"@c.example");
  EXPECT_TRUE(found.more);
  EXPECT_EQ(recipients(events({.cursor = found.cursor, .filter = {}})), "ann@a.example bob@b.example");
}

TEST_F(EventQueries, FilterComparesEveryCriterion) {
  const auto count = [this](EventFilter filter) {
    EventsQuery back{.cursor = {}, .last = 100, .filter = filter};
    EventsQuery forward{.cursor = 0, .filter = std::move(filter)};
    EXPECT_EQ(events(back).lines, events(forward).lines);
    return events(back).lines.size();
  };
  EventFilter filter;
  EXPECT_TRUE(filter.empty());
  filter.types = {"bounced", "delivered"};
  EXPECT_EQ(count(filter), 6U);
  filter.vmta = "v1";
  EXPECT_EQ(count(filter), 6U);
  filter.domain = "EXAMPLE.net";
  EXPECT_EQ(count(filter), 6U);
  filter.recipient = "ann@A.EXAMPLE";
  EXPECT_EQ(count(filter), 3U);
  filter.message = model::MessageId{3};
  EXPECT_EQ(count(filter), 2U);
  filter.types = {"bounced"};
  EXPECT_EQ(count(filter), 0U);
  EventFilter other;
  other.stream = "marketing";
  EXPECT_FALSE(other.empty());
  EXPECT_EQ(count(other), 0U);
}

TEST_F(EventQueries, ScanBoundCutsTheAnswerShortAndSaysSo) {
  EventsQuery query{.cursor = {}, .last = 100, .filter = {}, .scan_max_bytes = 1};
  EXPECT_TRUE(events(query).more);
  query.cursor = 0;
  const FoundEvents found = events(query);
  EXPECT_TRUE(found.more);
  EXPECT_GT(found.cursor, 0U);
}

}  // namespace
}  // namespace penstock::eventlog
