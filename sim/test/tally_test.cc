// SPDX-License-Identifier: Apache-2.0
#include "sim/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/ledger.h"
#include "sim/receiver.h"
#include "sim/report.h"

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;

namespace {

class TempFolder {
 public:
  TempFolder() : path_(testing::TempDir() + "sim-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void take(Tally& tally, std::size_t shard, std::string_view sim_id, std::vector<std::string> recipients,
          std::uint32_t receiver = 0) {
  tally.arrived(shard, receiver, {"127.0.0.9", "me.test", "s@b.test", sim_id, recipients, 100, {}});
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST(Tally, SameIdAndRecipientIsADuplicateOnAnyShard) {
  Tally tally(2, {"r"}, {});
  take(tally, 0, "run-1", {"a@a.test", "b@a.test"});
  take(tally, 1, "run-1", {"a@a.test"});
  take(tally, 1, "run-2", {"a@a.test"});
  take(tally, 1, "", {"a@a.test"});
  take(tally, 1, "", {"a@a.test"});
  const Counts counts = tally.counts();
  EXPECT_EQ(counts.received, 6U);
  EXPECT_EQ(counts.unique, 3U);
  EXPECT_EQ(counts.duplicates, 1U);
  EXPECT_EQ(counts.without_id, 2U);
  EXPECT_EQ(counts.messages, 5U);
  EXPECT_EQ(counts.by_domain.at("a.test"), 6U);
  EXPECT_EQ(counts.by_source.at("127.0.0.9"), 6U);
}

TEST(Tally, DuplicateIsExcusedOnceByAnAnswerThatWasNotRead) {
  Tally tally(1, {"r"}, {});
  const std::vector<std::string> recipients{"a@a.test", "b@a.test"};
  Arrival arrival;
  arrival.sim_id = "run-1";
  arrival.recipients = recipients;
  std::vector<std::uint64_t> marks;
  tally.arrived(0, 0, arrival, &marks);
  ASSERT_EQ(marks.size(), 2U);
  tally.arrived(0, 0, arrival);
  EXPECT_EQ(tally.counts().duplicates_unread, 0U);
  tally.unread({marks[1]});
  tally.arrived(0, 0, arrival);
  EXPECT_EQ(tally.counts().duplicates, 4U);
  EXPECT_EQ(tally.counts().duplicates_unread, 1U);
  tally.arrived(0, 0, arrival);
  EXPECT_EQ(tally.counts().duplicates_unread, 1U);
  tally.unread(marks);
  ASSERT_TRUE(tally.reset());
  tally.arrived(0, 0, arrival);
  tally.arrived(0, 0, arrival);
  EXPECT_EQ(tally.counts().duplicates_unread, 0U);
}

TEST(Tally, MailAtTheWrongReceiverIsUnexpected) {
  Directory directory;
  directory.add("a.test", 0);
  Tally tally(1, {"zero", "one", "takes-all"}, directory);
  directory.add("b.test", 1);
  Tally both(1, {"zero", "one", "takes-all"}, directory);
  take(both, 0, "1", {"u@A.test"}, 0);
  take(both, 0, "2", {"u@a.test"}, 1);
  take(both, 0, "3", {"u@c.test"}, 0);
  take(both, 0, "4", {"u@c.test"}, 2);
  EXPECT_EQ(both.counts().unexpected, 2U);
  EXPECT_EQ(both.counts().by_receiver.at("takes-all"), 1U);
}

TEST(Tally, ResetForgetsAllButOpenConnections) {
  Tally tally(1, {"r"}, {});
  tally.connected(0);
  tally.refused(0, Step::Rcpt, "550 no");
  take(tally, 0, "1", {"u@a.test"});
  ASSERT_TRUE(tally.reset());
  take(tally, 0, "1", {"u@a.test"});
  const Counts counts = tally.counts();
  EXPECT_EQ(counts.unique, 1U);
  EXPECT_EQ(counts.duplicates, 0U);
  EXPECT_EQ(counts.connections, 0U);
  EXPECT_EQ(counts.open_connections, 1U);
  EXPECT_TRUE(counts.refused[*step_index(Step::Rcpt)].empty());
}

TEST(Tally, ListNamesEveryRecipient) {
  const TempFolder folder;
  Tally tally(2, {"r"}, {});
  ASSERT_TRUE(tally.keep_list(folder.file("list")));
  take(tally, 0, "run-1", {"a@a.test"});
  take(tally, 1, "", {"b@a.test"});
  ASSERT_TRUE(tally.flush_list());
  EXPECT_EQ(read(folder.file("list")), "run-1 a@a.test r 127.0.0.9 me.test\n- b@a.test r 127.0.0.9 me.test\n");
}

TEST(NamedCounts, WhatIsTooManyCountsAsOther) {
  NamedCounts counts(2);
  for (const char* name : {"a", "b", "c", "d", "a"}) counts.add(name);
  std::map<std::string, std::uint64_t> sum;
  counts.add_to(sum);
  EXPECT_EQ(sum, (std::map<std::string, std::uint64_t>{{"a", 2}, {"b", 1}, {"other", 2}}));
}

TEST(HashSet, RemembersManyAcrossGrowth) {
  HashSet set;
  for (std::uint64_t i = 1; i <= 100'000; ++i) ASSERT_TRUE(set.insert(i * 0x9E3779B97F4A7C15ULL));
  for (std::uint64_t i = 1; i <= 100'000; ++i) ASSERT_FALSE(set.insert(i * 0x9E3779B97F4A7C15ULL));
  EXPECT_EQ(set.size(), 100'000U);
}

TEST(SourceGate, ConnectionsAndRateAreLimitedPerSource) {
  SourceGate gate;
  EXPECT_TRUE(gate.enter("127.0.0.1", 1));
  EXPECT_FALSE(gate.enter("127.0.0.1", 1));
  EXPECT_TRUE(gate.enter("127.0.0.2", 1));
  gate.leave("127.0.0.1");
  EXPECT_TRUE(gate.enter("127.0.0.1", 1));
  const Rate rate{2, 1s};
  SourceGate::Instant now{};
  EXPECT_TRUE(gate.take_message("127.0.0.1", rate, now));
  EXPECT_TRUE(gate.take_message("127.0.0.1", rate, now));
  EXPECT_FALSE(gate.take_message("127.0.0.1", rate, now));
  EXPECT_TRUE(gate.take_message("127.0.0.2", rate, now));
  EXPECT_TRUE(gate.take_message("127.0.0.1", rate, now + 500ms));
  EXPECT_FALSE(gate.take_message("127.0.0.1", rate, now + 500ms));
}

TEST(Compare, TellsLostDuplicateAndUnacknowledged) {
  const TempFolder folder;
  write(folder.file("ledger"), "r-1 a@a.test\nr-2 b@a.test\nr-3 c@a.test\n");
  write(folder.file("received"),
        "r-1 a@a.test x 127.0.0.1 e\nr-3 c@a.test x 127.0.0.1 e\nr-3 c@a.test x 127.0.0.2 e\n"
        "r-4 d@a.test x 127.0.0.1 e\n- e@a.test x 127.0.0.1 e\n");
  const auto result = compare(folder.file("ledger"), folder.file("received"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->acknowledged, 3U);
  EXPECT_EQ(result->received, 5U);
  EXPECT_EQ(result->lost, 1U);
  EXPECT_THAT(result->lost_first, testing::ElementsAre("r-2 b@a.test"));
  EXPECT_EQ(result->duplicates, 1U);
  EXPECT_EQ(result->unacknowledged, 1U);
  EXPECT_FALSE(compare(folder.file("gone"), folder.file("received")));
}

TEST(Report, SurvivesTheFileAndTheTableShowsIt) {
  const TempFolder folder;
  Tally tally(1, {"r"}, {});
  take(tally, 0, "1", {"u@a.test"});
  tally.refused(0, Step::Rcpt, "550 5.1.1 no such user");
  ASSERT_TRUE(save_json(folder.file("r.json"), to_json(tally.counts())));
  const auto report = load_json(folder.file("r.json"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->at("received").to_number<int>(), 1);
  EXPECT_EQ(report->at("refused").at("rcpt").at("550 5.1.1 no such user").to_number<int>(), 1);
  EXPECT_THAT(report_table(*report), testing::HasSubstr("refused at rcpt\n           1  550 5.1.1 no such user"));
}
