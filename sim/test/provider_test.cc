// SPDX-License-Identifier: Apache-2.0
#include "sim/provider.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;

namespace {

PersonalitySpec yahoo(double rate, double connections = 0) {
  PersonalitySpec spec{"yahoo", PersonalityKind::Yahoo, {}};
  spec.limits.base[index_of(Trait::Rate)] = rate;
  spec.limits.base[index_of(Trait::Connections)] = connections;
  return spec;
}

const std::vector<std::string> kRecipients{"u@yahoo.test"};

Verdict mail(Provider& provider, std::string_view source, Duration now) {
  return provider.judge({Step::Mail, source, "s@b.test", kRecipients}, 0, false, now);
}

std::uint64_t number(const boost::json::object& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

}  // namespace

TEST(Provider, CountsConnectionsBySource) {
  Provider provider(yahoo(0, 1));
  provider.begin(0s);
  EXPECT_TRUE(provider.enter("127.0.1.1", 0s));
  EXPECT_FALSE(provider.enter("127.0.1.1", 0s));
  EXPECT_TRUE(provider.enter("127.0.1.2", 0s));
  provider.leave("127.0.1.1");
  EXPECT_TRUE(provider.enter("127.0.1.1", 0s));
}

TEST(Provider, DeferredRecipientFromAnotherSourceIsSnowshoe) {
  Provider provider(yahoo(0.001));
  provider.begin(0s);
  EXPECT_EQ(mail(provider, "127.0.1.1", 0s).reason, Reason::None);
  EXPECT_EQ(mail(provider, "127.0.1.1", 1s).reason, Reason::Rate);
  provider.named("127.0.1.1", "s@b.test", "u@yahoo.test");
  provider.named("127.0.1.2", "other@b.test", "u@yahoo.test");
  EXPECT_EQ(number(provider.report(2s), "snowshoe"), 0U) << "the same source; another message";
  provider.named("127.0.1.2", "s@b.test", "u@yahoo.test");
  provider.named("127.0.1.2", "s@b.test", "u@yahoo.test");
  EXPECT_EQ(number(provider.report(2s), "snowshoe"), 1U) << "one move, however often it asks";
  EXPECT_EQ(number(provider.report(2s).at("sources").at("127.0.1.2").as_object(), "snowshoe"), 1U);
}

TEST(Provider, RecipientIsFreeOnceItIsTaken) {
  Provider provider(yahoo(0.001));
  provider.begin(0s);
  mail(provider, "127.0.1.1", 0s);
  mail(provider, "127.0.1.1", 1s);
  provider.taken("127.0.1.1", "s@b.test", kRecipients, 2s);
  provider.named("127.0.1.2", "s@b.test", "u@yahoo.test");
  EXPECT_EQ(number(provider.report(2s), "snowshoe"), 0U);
}

TEST(Provider, ReportsWhatWasAllowedOverTime) {
  PersonalitySpec spec = yahoo(10);
  spec.limits.add({2s, 0s, "", Trait::Rate, 20});
  Provider provider(spec);
  provider.begin(100s);
  for (int i = 0; i <= 40; ++i) {
    const Duration now = 100s + i * 100ms;
    if (mail(provider, "127.0.1.1", now).reason == Reason::None) {
      provider.taken("127.0.1.1", "s@b.test", kRecipients, now);
    }
  }
  const boost::json::object report = provider.report(105s);
  EXPECT_NEAR(report.at("allowed").as_double(), 60, 0.01) << "two seconds at 10/s, two at 20/s";
  EXPECT_EQ(number(report, "taken"), 41U);
  EXPECT_NEAR(report.at("goodput_share").as_double(), 41.0 / 60, 0.001);
  EXPECT_EQ(number(report, "violations"), 0U);
  const auto& seconds = report.at("seconds").as_array();
  ASSERT_EQ(seconds.size(), 5U);
  EXPECT_NEAR(seconds[0].as_array().at(1).as_double(), 10, 0.01);
  EXPECT_NEAR(seconds[3].as_array().at(1).as_double(), 20, 0.01);
  EXPECT_EQ(seconds[1].as_array().at(3).to_number<int>(), 10);
}

TEST(Provider, ChangeByHandHoldsUntilItBeginsAnew) {
  Provider provider(yahoo(1));
  provider.begin(0s);
  provider.change({0s, 0s, "127.0.1.1", Trait::Blocked, 1}, 5s);
  EXPECT_EQ(mail(provider, "127.0.1.1", 4s).reason, Reason::None);
  EXPECT_EQ(mail(provider, "127.0.1.1", 6s).reason, Reason::Blocked);
  EXPECT_EQ(mail(provider, "127.0.1.2", 6s).reason, Reason::None);
  provider.begin(10s);
  EXPECT_EQ(mail(provider, "127.0.1.1", 16s).reason, Reason::None);
  EXPECT_EQ(number(provider.report(17s), "offered"), 1U);
}

TEST(Provider, WithoutALimitThereIsNoShare) {
  Provider provider(yahoo(0));
  provider.begin(0s);
  mail(provider, "127.0.1.1", 1s);
  EXPECT_FALSE(provider.report(2s).contains("goodput_share"));
}
