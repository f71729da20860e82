// SPDX-License-Identifier: Apache-2.0
#include "delivery/make_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "queue/errc.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kBase = R"([node]
name = "mta1.example"
[[listener]]
relay_from = "127.0.0.1"
[[vmta]]
name = "v1"
source = "127.0.0.2"
ehlo = "out1.example"
[[vmta]]
name = "v2"
source = "127.0.0.3"
[[pool]]
name = "main"
members = [{ vmta = "v1", weight = 3 }, { vmta = "v2" }]
)";
constexpr const char* kStream = R"([[stream]]
name = "default"
pool = "main"
)";

class MakePlanTest : public ::testing::Test {
 protected:
  Result<MadePlan> try_make(const std::string& more) {
    const config::Loaded loaded = config::load_text(kBase + more, "/p/penstock.toml");
    for (const config::Problem& problem : loaded.problems) {
      EXPECT_FALSE(problem.is_error) << config::format_problem(problem);
    }
    return make_plan(*loaded.config, names_);
  }
  MadePlan make(const std::string& more) {
    auto made = try_make(more);
    EXPECT_TRUE(made) << made.error().to_string();
    return std::move(*made);
  }
  model::NameTable names_;
};

TEST_F(MakePlanTest, NamesBecomeNumbersOfVmtasPoolsAndStreams) {
  const MadePlan made = make(kStream);
  EXPECT_THAT(made.warnings, SizeIs(0));
  const Plan& plan = *made.plan;
  EXPECT_EQ(plan.node, "mta1.example");
  const Vmta* v1 = plan.find_vmta(names_.find("v1"));
  ASSERT_NE(v1, nullptr);
  EXPECT_EQ(v1->source_v4, "127.0.0.2");
  EXPECT_EQ(v1->ehlo, "out1.example");
  EXPECT_TRUE(v1->usable);
  ASSERT_THAT(plan.pools, SizeIs(1));
  ASSERT_THAT(plan.pools[0].members, SizeIs(2));
  EXPECT_EQ(plan.vmtas[plan.pools[0].members[0].vmta].text, "v1");
  EXPECT_EQ(plan.pools[0].members[0].weight, 3U);
  EXPECT_EQ(plan.stream_or_default({}).name, "default");
  EXPECT_EQ(plan.stream_or_default({}).dsn.stream, "default");
}

TEST_F(MakePlanTest, AddressThatIsNotHereIsLeftOutAndReported) {
  const MadePlan made = make(R"([[vmta]]
name = "far"
source = "192.0.2.77"
[[vmta]]
name = "half"
source = ["127.0.0.4", "2001:db8::77"]
[[vmta]]
name = "off"
source = "127.0.0.5"
enabled = false
)" + std::string(kStream));
  ASSERT_THAT(made.warnings, SizeIs(2));
  EXPECT_EQ(made.warnings[0].part, "vmta far");
  EXPECT_THAT(made.warnings[0].message, HasSubstr("192.0.2.77"));
  EXPECT_EQ(made.warnings[1].part, "vmta half");
  EXPECT_FALSE(made.plan->find_vmta(names_.find("far"))->usable);
  EXPECT_TRUE(made.plan->find_vmta(names_.find("half"))->usable);
  EXPECT_EQ(made.plan->find_vmta(names_.find("half"))->source_v6, "");
  EXPECT_FALSE(made.plan->find_vmta(names_.find("off"))->usable);
}

TEST_F(MakePlanTest, ProviderTakesFromTheDefaultsWhatItLeavesOut) {
  const MadePlan made = make(std::string(kStream) + R"([defaults]
connections = 7
recipients_per_message = 30
message_rate = "5/s"
[providers]
builtin = false
[[provider]]
name = "gmail"
mx = ["google.com"]
connections = 3
)");
  const Plan& plan = *made.plan;
  ASSERT_THAT(plan.provider_limits, SizeIs(1));
  EXPECT_EQ(plan.provider_limits[0].connections, 3U);
  EXPECT_EQ(plan.provider_limits[0].recipients_per_message, 30U);
  EXPECT_EQ(plan.provider_limits[0].message_rate, (Rate{5, 1s}));
  EXPECT_EQ(plan.default_limits.connections, 7U);
  EXPECT_EQ(names_.view(plan.provider_names[0]), "gmail");
  EXPECT_EQ(names_.view(plan.provider_groups[0]), "provider:gmail");
}

TEST_F(MakePlanTest, ShippedProvidersAreThereWithRangesAndTls) {
  const MadePlan made = make(std::string(kStream) + "[[provider]]\nname = \"gmail\"\nconnections = 30\n");
  const Plan& plan = *made.plan;
  EXPECT_THAT(made.warnings, IsEmpty());
  const auto gmail = plan.providers.find_by_host("aspmx.l.google.com");
  ASSERT_TRUE(gmail);
  EXPECT_EQ(names_.view(plan.provider_names[*gmail]), "gmail");
  const shaping::Limits& limits = plan.provider_limits[*gmail];
  EXPECT_EQ(limits.connections, 30U);
  EXPECT_TRUE(limits.adaptive_connections());
  EXPECT_TRUE(limits.adaptive_rate());
  EXPECT_EQ(limits.recipients_per_message, 100U);
  EXPECT_EQ(plan.provider_tls_least[*gmail], TlsLevel::Require);
  EXPECT_FALSE(plan.provider_tls[*gmail]);
  EXPECT_FALSE(plan.providers.find_by_host("mx1.sink.test"));
  EXPECT_FALSE(plan.providers.find_by_host("notgoogle.com"));
}

TEST_F(MakePlanTest, UnknownSitesAdaptBelowTheDefaultsAndFixedRoutesDoNot) {
  const MadePlan made = make(std::string(kStream) + "[defaults]\nconnections = 7\n");
  ASSERT_TRUE(made.plan->site_limits);
  EXPECT_EQ(made.plan->site_limits->connections, 7U);
  EXPECT_EQ(made.plan->site_limits->connections_start, 7U);
  EXPECT_EQ(made.plan->site_limits->connections_floor, 1U);
  EXPECT_FALSE(made.plan->default_limits.adaptive_connections());
}

// A provider whose name the rules do not know would have its replies read by the general rules only.
TEST_F(MakePlanTest, RulesKnowTheProvidersByTheirNames) {
  const MadePlan made = make(kStream);
  for (const char* name :
       {"gmail", "microsoft", "yahoo", "apple", "comcast", "gmx", "orange", "mail.ru", "yandex", "proofpoint",
        "mimecast", "barracuda", "cisco", "qq", "netease", "cox", "spectrum", "cloudflare", "godaddy"}) {
    EXPECT_EQ(made.plan->classifier->provider_named(name), name);
    EXPECT_NE(made.plan->provider_data->find(name), nullptr) << name;
  }
}

TEST_F(MakePlanTest, DomainsKeepLimitsAndRoutesApart) {
  const MadePlan made = make(std::string(kStream) + R"([[domain]]
name = "slow.example"
connections = 1
[[domain]]
name = "*.lan.example"
route = { lmtp = ["unix:/run/lmtp.sock"] }
)");
  const DomainRule* slow = made.plan->find_domain("slow.example");
  ASSERT_NE(slow, nullptr);
  EXPECT_EQ(slow->limits->connections, 1U);
  EXPECT_FALSE(slow->route);
  const DomainRule* lan = made.plan->find_domain("box.lan.example");
  ASSERT_NE(lan, nullptr);
  EXPECT_FALSE(lan->limits);
  EXPECT_EQ(*lan->route, (Route{RouteKind::Lmtp, {{"unix:/run/lmtp.sock", 0}}}));
}

TEST_F(MakePlanTest, StreamGetsRetryWindowNoticesAndRoute) {
  const MadePlan made = make(R"([[stream]]
name = "news"
pool = "main"
priority = "bulk"
match = { sender = ["@news.example"] }
retry = { schedule = ["1m", "5m"], expire = "1d" }
window = { days = "mon-fri", hours = "08:00-20:00", zone = "UTC" }
route = { relay = ["127.0.0.9:2525", "mx.example:25"] }
dsn = "off"
recipients_per_message = 5
)" + std::string(kStream) + "dsn_delay_after = \"4h\"\n");
  const Stream& news = made.plan->stream_or_default(names_.find("news"));
  EXPECT_EQ(news.priority, queue::Priority::Bulk);
  EXPECT_EQ(news.retry.wait(2), 5min);
  EXPECT_EQ(news.retry.expire, 24h);
  const Time saturday{std::chrono::sys_days{std::chrono::January / 2 / 2027}};
  EXPECT_EQ(news.window.opens(saturday), saturday + 48h + 8h);
  EXPECT_EQ(news.route, (Route{RouteKind::Relay, {{"127.0.0.9", 2525}, {"mx.example", 25}}}));
  EXPECT_FALSE(news.dsn.enabled);
  EXPECT_EQ(news.recipients_per_message, 5U);
  const Stream& other = made.plan->stream_or_default({});
  EXPECT_EQ(other.name, "default");
  EXPECT_EQ(other.dsn.delay, Duration(4h));
  EXPECT_TRUE(other.window.open(saturday));
}

TEST_F(MakePlanTest, TriesOfAClassAreTheConfigurationsOrItsOwn) {
  const auto made = make(std::string(kStream) + R"(
[[suppression.bounce]]
name = "mailbox-full"
tries = 5
[[suppression.bounce]]
name = "server-trouble"
suppress = false
tries = 2
within = "10m"
)");
  const TryLimits& limits = made.plan->try_limits;
  EXPECT_EQ(limits.of(model::OutcomeClass::MailboxFull).tries, 5U);
  EXPECT_EQ(limits.of(model::OutcomeClass::MailboxFull).within, 24h);
  EXPECT_EQ(limits.of(model::OutcomeClass::ServerTrouble).tries, 2U);
  EXPECT_EQ(limits.of(model::OutcomeClass::ServerTrouble).within, 10min);
  EXPECT_EQ(limits.of(model::OutcomeClass::Network).tries, 0U);
  EXPECT_EQ(TryLimits().of(model::OutcomeClass::MailboxFull).tries, 3U);
}

TEST_F(MakePlanTest, StreamWithLinksSendsEachRecipientHisOwnCopy) {
  const auto made =
      make(std::string(kStream) +
           "recipients_per_message = 50\nunsubscribe = { add = \"missing\", url = \"https://u.example/\" }\n");
  EXPECT_EQ(made.plan->stream_or_default({}).recipients_per_message, 1U);
}

TEST_F(MakePlanTest, UnknownTimeZoneIsAnErrorThatNamesTheStream) {
  const auto made = try_make(std::string(kStream) + "window = { hours = \"08:00-20:00\", zone = \"Mars/Olympus\" }\n");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, make_error_code(queue::Errc::UnknownZone));
  EXPECT_THAT(made.error().detail, HasSubstr("stream default"));
}

}  // namespace
}  // namespace penstock::delivery
