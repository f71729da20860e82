// SPDX-License-Identifier: Apache-2.0
#include "preflight/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "preflight/test/world_of.h"

namespace penstock::preflight {
namespace {

using ::testing::ElementsAre;

class RunTest : public WorldTest {
 protected:
  RunTest()
      : WorldTest(std::string(kLeast) + R"(match = { sender = ["@example.com"] }
[[stream]]
name = "other"
pool = "main"
match = { sender = ["@other.example"] }
[preflight]
blocklists = ["bl.example"]
reach_domains = []
)") {}
  Report check(Options options = {}) { return dns::run(shards_[0], preflight::run(world_, std::move(options))); }
  static std::vector<std::string> groups(const Report& report) {
    std::vector<std::string> out;
    for (const Group& group : report.groups) out.push_back(group.kind + " " + group.name);
    return out;
  }
};

TEST_F(RunTest, GroupsComeInAFixedOrder) {
  const Report report = check();
  EXPECT_THAT(groups(report),
              ElementsAre("machine mta1.example.com", "vmta v1", "domain example.com", "domain other.example",
                          "envelope-domain example.com", "envelope-domain other.example"));
  EXPECT_FALSE(report.good());
  for (const Group& group : report.groups) EXPECT_FALSE(group.findings.empty()) << group.name;
}

TEST_F(RunTest, OneStreamIsCheckedAlone) {
  EXPECT_THAT(
      groups(check({.stream = "other", .sample = {}, .on_progress = {}})),
      ElementsAre("machine mta1.example.com", "vmta v1", "domain other.example", "envelope-domain other.example"));
}

TEST_F(RunTest, ASampleOfTheStreamIsAGroupOfItsOwn) {
  const Report report = check(
      {.stream = "other", .sample = Sample{"sample.eml", "From: a@other.example\r\n\r\nx\r\n", ""}, .on_progress = {}});
  const Group& group = report.groups.back();
  EXPECT_EQ(group.kind + " " + group.name + " " + group.detail, "message sample.eml stream other");
  EXPECT_FALSE(group.findings.empty());
}

TEST_F(RunTest, ProgressCountsUpToAll) {
  std::vector<std::size_t> done;
  std::size_t all = 0;
  check({.stream = "", .sample = {}, .on_progress = [&](const Progress& progress) {
           done.push_back(progress.done);
           all = progress.all;
         }});
  ASSERT_FALSE(done.empty());
  EXPECT_EQ(done.front(), 1U);
  EXPECT_EQ(done.back(), all);
  EXPECT_EQ(done.size(), all);
}

TEST_F(RunTest, LevelsAreCounted) {
  Report report;
  report.groups.push_back({"machine", "", "", {{Level::Pass, Check::Clock, "x"}, {Level::Warn, Check::Clock, "x"}}});
  EXPECT_TRUE(report.good());
  report.groups.push_back({"vmta", "", "", {{Level::Fail, Check::Ptr, "x"}, {Level::Skip, Check::Ptr, "x"}}});
  EXPECT_FALSE(report.good());
  for (const Level level : {Level::Pass, Level::Warn, Level::Fail, Level::Skip}) EXPECT_EQ(report.count(level), 1U);
}

TEST(PreflightWords, EveryCheckHasAName) {
  for (std::size_t i = 0; i < kCheckCount; ++i) {
    EXPECT_FALSE(to_string(static_cast<Check>(i)).empty());
    EXPECT_FALSE(why(static_cast<Check>(i)).empty());
  }
}

TEST(PreflightWords, ListsAreCutWhenLong) {
  EXPECT_EQ(list_words({"a"}), "a");
  EXPECT_EQ(list_words({"a", "b"}), "a and b");
  EXPECT_EQ(list_words({"a", "b", "c", "d", "e"}), "a, b, c, d and e");
  EXPECT_EQ(list_words({"a", "b", "c", "d", "e", "f"}), "a, b, c, d and 2 more");
}

}  // namespace
}  // namespace penstock::preflight
