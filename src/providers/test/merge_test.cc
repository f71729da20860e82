// SPDX-License-Identifier: Apache-2.0
#include "providers/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/limit_fields.h"
#include "providers/overlay.h"

namespace penstock::providers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Catalog one_file() {
  ProviderData data;
  data.file = "big.toml";
  data.provider.name = "big";
  data.provider.mx = {"big.example", "large.example"};
  data.provider.domains = {"big.example"};
  data.provider.limits = {.connections = 20,
                          .messages_per_connection = 50,
                          .connections_floor = 2,
                          .connections_start = 5,
                          .message_rate_start = {5, std::chrono::seconds{1}}};
  return Catalog({data});
}

TEST(Merge, WithoutTablesTheFilesCount) {
  const auto all = merge({}, one_file());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "big");
  EXPECT_EQ(all[0].limits.connections, 20U);
}

TEST(Merge, TableOverridesFieldByField) {
  config::Provider own;
  own.name = "big";
  own.limits.connections = 30;
  const auto all = merge({own}, one_file());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].limits.connections, 30U);
  EXPECT_EQ(all[0].limits.connections_start, 5U);
  EXPECT_EQ(all[0].limits.messages_per_connection, 50U);
  EXPECT_THAT(all[0].mx, ElementsAre("big.example", "large.example"));
}

TEST(Merge, TimeoutsAndBackOffAreOverriddenOneByOne) {
  ProviderData data = one_file().all()[0];
  data.provider.timeouts = {.mail = std::chrono::seconds{20}, .idle = std::chrono::seconds{2}};
  data.provider.backoff = {.doubts = 0.2, .connections = 2, .rate = {1, std::chrono::seconds{1}}};
  config::Provider own;
  own.name = "big";
  own.timeouts.mail = std::chrono::seconds{40};
  own.backoff.connections = 3;
  const config::Provider merged = merge({own}, Catalog({data}))[0];
  EXPECT_EQ(merged.timeouts, (config::OwnTimeouts{.mail = std::chrono::seconds{40}, .idle = std::chrono::seconds{2}}));
  EXPECT_EQ(merged.backoff, (config::Backoff{.doubts = 0.2, .connections = 3, .rate = {1, std::chrono::seconds{1}}}));
}

TEST(Overlay, ShareTakesThePlaceOfNumbers) {
  const config::Backoff wide{.connections = 2, .rate = {1, std::chrono::seconds{1}}};
  EXPECT_EQ(overlay({.share = 0.5}, wide), (config::Backoff{.share = 0.5}));
  EXPECT_EQ(overlay({.share = 0.5, .connections = 7}, wide), (config::Backoff{.share = 0.5, .connections = 7}));
}

TEST(Overlay, LengthsStayInOrder) {
  using std::chrono::minutes;
  const config::Backoff wide{.first = minutes{5}, .longest = minutes{60}};
  EXPECT_EQ(overlay({.first = minutes{90}}, wide), (config::Backoff{.first = minutes{90}, .longest = minutes{90}}));
  EXPECT_EQ(overlay({.longest = minutes{2}}, wide), (config::Backoff{.first = minutes{2}, .longest = minutes{2}}));
}

TEST(Merge, ListsAreReplacedWhereGiven) {
  config::Provider own;
  own.name = "big";
  own.mx = {"new.example"};
  const auto all = merge({own}, one_file());
  EXPECT_THAT(all[0].mx, ElementsAre("new.example"));
  EXPECT_THAT(all[0].domains, ElementsAre("big.example"));
}

TEST(Merge, TableOfANewNameTakesWhatItClaims) {
  config::Provider own;
  own.name = "mine";
  own.mx = {"large.example"};
  own.domains = {"big.example"};
  const auto all = merge({own}, one_file());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "mine");
  EXPECT_THAT(all[1].mx, ElementsAre("big.example"));
  EXPECT_THAT(all[1].domains, IsEmpty());
}

TEST(Fill, LowerCeilingBringsTheRangeDown) {
  const config::Limits wide{.connections = 20, .connections_floor = 4, .connections_start = 10};
  const config::Limits all = fill({.connections = 3}, wide);
  EXPECT_EQ(all.connections, 3U);
  EXPECT_EQ(all.connections_floor, 3U);
  EXPECT_EQ(all.connections_start, 3U);
}

TEST(Fill, RatesOfDifferentSpansCompare) {
  const config::Limits wide{.message_rate_floor = {6, std::chrono::minutes{1}},
                            .message_rate_start = {5, std::chrono::seconds{1}}};
  const config::Limits all = fill({.message_rate = {60, std::chrono::minutes{1}}}, wide);
  EXPECT_EQ(all.message_rate_start, all.message_rate);
  EXPECT_EQ(all.message_rate_floor, (Rate{6, std::chrono::minutes{1}}));
}

TEST(Fill, EveryFieldIsTakenWhenNothingIsSaid) {
  const Rate rate{7, std::chrono::seconds{1}};
  const config::Limits wide{.connections = 9,
                            .connection_rate = rate,
                            .messages_per_connection = 8,
                            .message_rate = rate,
                            .recipients_per_message = 7,
                            .connections_floor = 1,
                            .connections_start = 2,
                            .message_rate_floor = rate,
                            .message_rate_start = rate};
  EXPECT_EQ(fill({}, wide), wide);
}

TEST(UnknownSite, BeginsAtTheCeilingOfDefaultsAndCanFall) {
  const config::Limits all = fill({.connections = 20}, unknown_site_limits());
  EXPECT_EQ(all.connections_start, 20U);
  EXPECT_EQ(all.connections_floor, 1U);
}

}  // namespace
}  // namespace penstock::providers
