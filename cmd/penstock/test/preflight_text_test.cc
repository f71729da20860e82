// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/preflight_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace penstock::cli {
namespace {

using preflight::Check;
using preflight::Level;
using ::testing::HasSubstr;
using ::testing::Not;

preflight::Report sample() {
  preflight::Report report;
  report.groups.push_back({"machine", "mta1.example.com", "", {{Level::Pass, Check::Clock, "the clock is kept"}}});
  report.groups.push_back(
      {"vmta",
       "v1",
       "192.0.2.10, mta1.example.com",
       {{Level::Fail, Check::Ptr, "192.0.2.10 has no PTR record", "whoever owns the address sets it:\nrecord line"},
        {Level::Fail, Check::Ptr, "the same again\x1b"}}});
  return report;
}

TEST(PreflightText, GroupsFindingsReasonsAndRemedies) {
  EXPECT_EQ(preflight_text(sample(), {.columns = 80}),
            "This machine mta1.example.com\n"
            "  pass  clock        the clock is kept\n"
            "\n"
            "vMTA v1 (192.0.2.10, mta1.example.com)\n"
            "  FAIL  ptr          192.0.2.10 has no PTR record\n"
            "                     why   Gmail, Yahoo and Microsoft refuse mail from an\n"
            "                           address without a name, or whose name does not lead\n"
            "                           back to the address.\n"
            "                     mend  whoever owns the address sets it:\n"
            "                           record line\n"
            "  FAIL  ptr          the same again?\n"
            "\n");
}

TEST(PreflightText, ProblemsAloneCanBeShown) {
  const std::string text = preflight_text(sample(), {.columns = 80, .colours = false, .problems_only = true});
  EXPECT_THAT(text, Not(HasSubstr("clock")));
  EXPECT_THAT(text, HasSubstr("FAIL  ptr"));
}

TEST(PreflightText, ColoursAreForTerminals) {
  EXPECT_THAT(preflight_text(sample(), {.columns = 80, .colours = true}), HasSubstr("\x1b[31;1mFAIL\x1b[0m"));
}

TEST(PreflightText, TheSummarySaysWhetherToSend) {
  const Duration took = std::chrono::milliseconds{840};
  preflight::Report report = sample();
  EXPECT_EQ(preflight_summary(report, took),
            "1 passed, 0 warnings, 2 failed, in 0.8 s. Not ready: mend what failed before sending.");
  report.groups.pop_back();
  EXPECT_EQ(preflight_summary(report, took), "1 passed, 0 warnings, 0 failed, in 0.8 s. Ready to send.");
  report.groups[0].findings.push_back({Level::Warn, Check::Clock, "x"});
  report.groups[0].findings.push_back({Level::Skip, Check::Blocklist, "x"});
  EXPECT_EQ(preflight_summary(report, took),
            "1 passed, 1 warning, 0 failed, 1 skipped, in 0.8 s. Ready, with warnings.");
}

TEST(PreflightText, JsonHasEverything) {
  const std::string text = boost::json::serialize(preflight_json(sample(), std::chrono::milliseconds{5}));
  EXPECT_THAT(text,
              HasSubstr(R"({"ready":false,"passed":1,"warnings":0,"failed":2,"skipped":0,"took_ms":5,"groups":[)"));
  EXPECT_THAT(text, HasSubstr(R"("level":"fail","check":"ptr","what":"192.0.2.10 has no PTR record","why":"Gmail)"));
}

TEST(PreflightText, ProgressFitsALine) {
  EXPECT_EQ(preflight_progress({12, 24, "ptr of 192.0.2.10"}),
            "[############            ]  12 of 24  ptr of 192.0.2.10");
  EXPECT_LE(preflight_progress({1, 2, std::string(200, 'x')}).size(), 78U);
}

}  // namespace
}  // namespace penstock::cli
