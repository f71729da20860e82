// SPDX-License-Identifier: Apache-2.0
#include "api/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/time_text.h"

namespace penstock::api {
namespace {

using ::testing::HasSubstr;

constexpr Time kNow{std::chrono::seconds{1'795'509'000}};

TEST(TimeText, RoundTripsWithMilliseconds) {
  EXPECT_EQ(format_time(kNow), "2026-11-24T08:30:00.000Z");
  EXPECT_EQ(parse_time("2026-11-24T08:30:00.000Z"), kNow);
  EXPECT_EQ(format_time(Time{Duration{1}}), "1970-01-01T00:00:00.000Z");
}

TEST(TimeText, OffsetsDecimalsAndSpaceAreUnderstood) {
  EXPECT_EQ(parse_time("2026-11-24t08:30:00z"), kNow);
  EXPECT_EQ(parse_time("2026-11-24 10:30:00+02:00"), kNow);
  EXPECT_EQ(parse_time("2026-11-24T03:00:00-05:30"), kNow);
  EXPECT_EQ(parse_time("2026-11-24T08:30:00.2500009Z"), kNow + Duration{250'000});
}

TEST(TimeText, BadOnesAreRefused) {
  for (const char* bad : {"", "2026", "2026-11-24", "2026-11-24T08:30Z", "2026-13-24T08:30:00Z", "2026-02-30T08:30:00Z",
                          "2026-11-24T24:30:00Z", "2026-11-24T08:60:00Z", "2026-11-24T08:30:00",
                          "2026-11-24T08:30:00ZZ", "2026-11-24T08:30:00+2:00", "2026-11-24X08:30:00Z",
                          "1969-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "x026-11-24T08:30:00Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Words, NearestIsFoundAndFarOnesAreNot) {
  constexpr std::array<std::string_view, 3> kKnown{"domain", "stream", "campaign"};
  EXPECT_EQ(nearest_word("domian", kKnown), "domain");
  EXPECT_EQ(nearest_word("campain", kKnown), "campaign");
  EXPECT_EQ(nearest_word("zzz", kKnown), "");
}

TEST(Input, QueryAndBodyGiveTheSame) {
  auto query = Input::from_query(
      {{"number", "7"}, {"flag", "true"}, {"text", "a b"}, {"list", "x,y,"}, {"domain", "A.Example"}});
  auto body =
      Input::from_body(R"({"number":7,"flag":true,"text":"a b","list":["x","y"],"selection":{"domain":"A.Example"}})");
  ASSERT_TRUE(body);
  for (Input* input : {&query, &*body}) {
    EXPECT_EQ(input->number("number", 1, 1, 10), 7U);
    EXPECT_TRUE(input->flag("flag"));
    EXPECT_EQ(input->text("text"), "a b");
    EXPECT_EQ(input->list("list"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(input->selection().domain, "a.example");
    const auto read = input->finish();
    EXPECT_TRUE(read) << read.error().message;
  }
}

TEST(Input, AbsentOnesGiveTheirFallback) {
  auto input = Input::from_body("");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->number("n", 5, 1, 10), 5U);
  EXPECT_EQ(input->duration("d", std::chrono::seconds{3}, std::chrono::hours{1}), std::chrono::seconds{3});
  EXPECT_EQ(input->time_before("t", kNow), Time{});
  EXPECT_FALSE(input->flag("f"));
  EXPECT_FALSE(input->word<Act>("w"));
  EXPECT_TRUE(input->selection().empty());
  EXPECT_TRUE(input->finish());
}

TEST(Input, TimesMayBeRelative) {
  auto input = Input::from_query({{"since", "2h"}, {"until", "30m"}, {"at", "2026-11-24T08:30:00Z"}});
  EXPECT_EQ(input.time_before("since", kNow), kNow - std::chrono::hours{2});
  EXPECT_EQ(input.time_after("until", kNow), kNow + std::chrono::minutes{30});
  EXPECT_EQ(input.time_after("at", kNow), kNow);
  EXPECT_TRUE(input.finish());
}

TEST(Input, UnknownNameIsReportedWithTheNearest) {
  auto input = Input::from_body(R"({"selection":{"domian":"x"}})");
  ASSERT_TRUE(input);
  (void)input->selection();
  const auto read = input->finish();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "unknown parameter \"selection.domian\"");
  EXPECT_EQ(read.error().hint, "did you mean \"domain\"?");
}

TEST(Input, FirstMistakeIsTheOneReported) {
  auto input = Input::from_query({{"a", "x"}, {"b", "y"}});
  (void)input.number("a", 1, 1, 2);
  (void)input.number("b", 1, 1, 2);
  EXPECT_THAT(input.finish().error().message, HasSubstr("\"a\""));
}

}  // namespace
}  // namespace penstock::api
