// SPDX-License-Identifier: Apache-2.0
#include "providers/read_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace penstock::providers {
namespace {

using testing::HasSubstr;

const std::string kHead = R"(provider = "big"
title = "Big Mail"
[match]
mx = ["mx.big.example"]
reference = "https://big.example/mx"
standing = "published"
)";
const std::string kEnd = R"(reference = "https://big.example/limits"
standing = "practice"
)";

struct Answer {
  std::optional<ProviderData> data;
  std::vector<config::Problem> problems;
  [[nodiscard]] std::string first() const { return problems.empty() ? "" : config::format_problem(problems.front()); }
};

Answer read(const std::string& text) {
  config::Problems problems;
  Answer answer;
  answer.data = read_provider(text, "big.toml", problems);
  answer.problems = problems.sorted();
  return answer;
}

TEST(ReadProvider, TakesEachValueWithItsReference) {
  const Answer answer = read(kHead + "[connections]\nfloor = 2\nstart = 5\nceiling = 20\nnote = \"Per address.\"\n" +
                             kEnd + "[message_rate]\nfloor = \"6/min\"\nstart = \"5/s\"\nceiling = \"10/s\"\n" + kEnd +
                             "[connection_rate]\nceiling = \"100/min\"\n" + kEnd +
                             "[messages_per_connection]\nfloor = 5\nstart = 20\nceiling = 50\n" + kEnd +
                             "[recipients_per_message]\nceiling = 30\n" + kEnd + "[tls]\nlevel = \"require\"\n" + kEnd +
                             "[postmaster]\nurl = \"https://big.example/\"\n" + kEnd +
                             "[feedback_loop]\nurl = \"https://big.example/fbl\"\n" + kEnd);
  ASSERT_TRUE(answer.data) << answer.first();
  const config::Limits& limits = answer.data->provider.limits;
  EXPECT_EQ(answer.data->provider.name, "big");
  EXPECT_EQ(answer.data->title, "Big Mail");
  EXPECT_EQ(limits.connections, 20U);
  EXPECT_EQ(limits.connections_floor, 2U);
  EXPECT_EQ(limits.connections_start, 5U);
  EXPECT_EQ(limits.message_rate, (Rate{10, std::chrono::seconds{1}}));
  EXPECT_EQ(limits.message_rate_floor, (Rate{6, std::chrono::minutes{1}}));
  EXPECT_EQ(limits.connection_rate, (Rate{100, std::chrono::minutes{1}}));
  EXPECT_EQ(limits.messages_per_connection, 50U);
  EXPECT_EQ(limits.messages_per_connection_floor, 5U);
  EXPECT_EQ(limits.messages_per_connection_start, 20U);
  EXPECT_EQ(limits.recipients_per_message, 30U);
  EXPECT_EQ(answer.data->tls, config::TlsLevel::Require);
  EXPECT_EQ(answer.data->feedback_loop, "https://big.example/fbl");
  ASSERT_NE(answer.data->fact_of("connections_start"), nullptr);
  EXPECT_EQ(answer.data->fact_of("connections_start")->reference, "https://big.example/limits");
  EXPECT_EQ(answer.data->fact_of("connections_start")->standing, Standing::Practice);
  EXPECT_EQ(answer.data->fact_of("connections_start")->note, "Per address.");
  EXPECT_EQ(answer.data->fact_of("mx")->standing, Standing::Published);
  EXPECT_EQ(answer.data->fact_of("unheard"), nullptr);
}

TEST(ReadProvider, TakesTimeoutsAndBackOffRules) {
  const Answer answer =
      read(kHead + "[timeouts]\nmail = \"20s\"\nidle = \"2s\"\n" + kEnd +
           "[backoff]\nshare = 0.5\nconnections = 2\nrate = \"30/min\"\nfirst = \"10m\"\nlongest = \"2h\"\n" + kEnd);
  ASSERT_TRUE(answer.data) << answer.first();
  const config::Provider& provider = answer.data->provider;
  EXPECT_EQ(provider.timeouts,
            (config::OwnTimeouts{.mail = std::chrono::seconds{20}, .idle = std::chrono::seconds{2}}));
  EXPECT_EQ(provider.backoff, (config::Backoff{.share = 0.5,
                                               .connections = 2,
                                               .rate = {30, std::chrono::minutes{1}},
                                               .first = std::chrono::minutes{10},
                                               .longest = std::chrono::hours{2}}));
  ASSERT_NE(answer.data->fact_of("timeouts.mail"), nullptr);
  EXPECT_EQ(answer.data->fact_of("backoff.share")->standing, Standing::Practice);
}

struct Bad {
  const char* name;
  std::string text;
  const char* problem;
};

class BadProvider : public testing::TestWithParam<Bad> {};

TEST_P(BadProvider, IsRefusedWithPlaceAndRemedy) {
  const Answer answer = read(GetParam().text);
  EXPECT_FALSE(answer.data);
  ASSERT_FALSE(answer.problems.empty());
  EXPECT_THAT(answer.first(), HasSubstr(GetParam().problem));
  EXPECT_THAT(answer.first(), HasSubstr("big.toml"));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadProvider,
    testing::Values(
        Bad{"NoToml", "provider = [", "big.toml:1"},
        Bad{"NoName", "[match]\nmx = \"a.example\"\n" + kEnd, "the file names no provider; begin it with"},
        Bad{"NoMatch", "provider = \"big\"\n", "it can match nothing; give [match] mx or domains"},
        Bad{"UnknownTable", kHead + "[conections]\nceiling = 3\n" + kEnd, "did you mean \"connections\"?"},
        Bad{"UnknownKey", kHead + "[connections]\nceling = 3\n" + kEnd, "did you mean \"ceiling\"?"},
        Bad{"NoTable", "provider = \"big\"\nconnections = 3\n[match]\nmx = \"a.example\"\n" + kEnd,
            "big.toml:2:1: connections must be a table"},
        Bad{"NoReference", kHead + "[connections]\nceiling = 3\nstanding = \"chosen\"\n",
            "big.toml:7:2: [connections] has no reference; add reference"},
        Bad{"ReferenceWithoutHost",
            kHead + "[connections]\nceiling = 3\nstanding = \"chosen\"\nreference = \"https://\"\n",
            "big.toml:7:2: [connections] has no reference; add reference"},
        Bad{"NoStanding", kHead + "[connections]\nceiling = 3\nreference = \"https://a.example/\"\n",
            "[connections] has no standing; add standing"},
        Bad{"UnknownStanding",
            kHead + "[connections]\nceiling = 3\nreference = \"https://a.example/\"\nstanding = \"sure\"\n", "sure"},
        Bad{"NoValue", kHead + "[connections]\n" + kEnd, "[connections] says nothing; take it out"},
        Bad{"MessagesUpsideDown", kHead + "[messages_per_connection]\nstart = 9\nceiling = 3\n" + kEnd,
            "the range of [messages_per_connection] is not in order"},
        Bad{"RangeUpsideDown", kHead + "[connections]\nfloor = 9\nceiling = 3\n" + kEnd,
            "the range of [connections] is not in order; floor, start and ceiling must rise"},
        Bad{"RateUpsideDown", kHead + "[message_rate]\nfloor = \"2/s\"\nstart = \"60/min\"\n" + kEnd, "not in order"},
        Bad{"NoRate", kHead + "[message_rate]\nceiling = 10\n" + kEnd, "rate"},
        Bad{"TooMany", kHead + "[connections]\nceiling = 99999\n" + kEnd, "10,000"},
        Bad{"NoTimeout", kHead + "[timeouts]\nmial = \"5s\"\n" + kEnd, "did you mean \"mail\"?"},
        Bad{"TimeoutTooShort", kHead + "[timeouts]\nmail = \"1ms\"\n" + kEnd, "big.toml:8"},
        Bad{"BackoffTooLarge", kHead + "[backoff]\nshare = 1.5\n" + kEnd, "0.01 to 1"},
        Bad{"BackoffUpsideDown", kHead + "[backoff]\nfirst = \"1h\"\nlongest = \"10m\"\n" + kEnd,
            "longest must not be shorter than first"},
        Bad{"BackoffAboveTheCeiling",
            kHead + "[connections]\nceiling = 3\n" + kEnd + "[backoff]\nconnections = 4\n" + kEnd,
            "connections of [backoff] is above the ceiling of [connections]; back-off mode slows: lower it"},
        Bad{"BackoffRateAboveTheCeiling",
            kHead + "[backoff]\nrate = \"2/s\"\n" + kEnd + "[message_rate]\nceiling = \"60/min\"\n" + kEnd,
            "rate of [backoff] is above the ceiling of [message_rate]"},
        Bad{"NoTls", kHead + "[tls]\nlevel = \"strong\"\n" + kEnd, "strong"}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace penstock::providers
