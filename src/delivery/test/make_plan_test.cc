// SPDX-License-Identifier: Apache-2.0
#include "delivery/make_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/load.h"
#include "delivery/own_values.h"
#include "dns/configured.h"
#include "queue/errc.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kBase = R"([node]
name = "mta1.example"
[dns]
trust_anchor_file = "/p/root.key"
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

TEST_F(MakePlanTest, DaneWithoutATrustAnchorIsReported) {
  auto config = *config::load_text(std::string(kBase) + kStream, "/p/penstock.toml").config;
  config.dns.trust_anchor_file.clear();
  const auto made = make_plan(config, names_);
  ASSERT_TRUE(made);
  // A machine with the root's keys has nothing to report.
  const bool here = !dns::trust_anchor(config.dns).empty();
  ASSERT_THAT(made->warnings, SizeIs(here ? 0 : 1));
  for (const PlanWarning& warning : made->warnings) EXPECT_EQ(warning.part, "DANE");
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

TEST_F(MakePlanTest, TimeoutsAndBackOffOfProvidersAreLaidOverTheUsual) {
  const MadePlan made = make(std::string(kStream) + R"([timeouts]
rcpt = "50s"
[[provider]]
name = "big"
mx = "mx.big.example"
timeouts = { mail = "20s" }
backoff = { connections = 2, rate = "30/min" }
[[provider]]
name = "small"
mx = "mx.small.example"
[[domain]]
name = "a.example"
backoff = { share = 0.5 }
)");
  const Plan& plan = *made.plan;
  EXPECT_EQ(*plan.default_policy, shaping::AdaptivePolicy{}) << "what is documented is what the controller has";
  ASSERT_GE(plan.provider_timeouts.size(), 2U);
  ASSERT_TRUE(plan.provider_timeouts[0]);
  EXPECT_EQ(plan.provider_timeouts[0]->mail, 20s);
  EXPECT_EQ(plan.provider_timeouts[0]->rcpt, 50s);
  EXPECT_FALSE(plan.provider_timeouts[1]);
  EXPECT_EQ(plan.provider_policies[0]->backoff_connections, 2U);
  EXPECT_DOUBLE_EQ(plan.provider_policies[0]->backoff_rate, 0.5);
  EXPECT_EQ(plan.provider_policies[1], plan.default_policy);
  const DomainRule* rule = plan.find_domain("a.example");
  ASSERT_NE(rule, nullptr);
  EXPECT_TRUE(rule->limits) << "it has a path of its own";
  const auto narrowed = with(plan.provider_policies[0], rule->backoff);
  EXPECT_EQ(narrowed->backoff_share, 0.5);
  EXPECT_EQ(narrowed->backoff_connections, 0U);
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
  EXPECT_EQ(*lan->route, (Route{RouteKind::Lmtp, {{"unix:/run/lmtp.sock", 0, false}}}));
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
)" + std::string(kStream) + "dsn_delay_after = \"6h\"\n");
  const Stream& news = made.plan->stream_or_default(names_.find("news"));
  EXPECT_EQ(news.priority, queue::Priority::Bulk);
  EXPECT_EQ(news.retry.wait(2), 5min);
  EXPECT_EQ(news.retry.expire, 24h);
  const Time saturday{std::chrono::sys_days{std::chrono::January / 2 / 2027}};
  EXPECT_EQ(news.window.opens(saturday), saturday + 48h + 8h);
  EXPECT_EQ(news.route, (Route{RouteKind::Relay, {{"127.0.0.9", 2525, false}, {"mx.example", 25, false}}}));
  EXPECT_FALSE(news.dsn.enabled);
  EXPECT_EQ(news.recipients_per_message, 5U);
  const Stream& other = made.plan->stream_or_default({});
  EXPECT_EQ(other.name, "default");
  EXPECT_EQ(other.dsn.delay, Duration(6h));
  EXPECT_TRUE(other.window.open(saturday));
}

TEST_F(MakePlanTest, Port465IsEncryptedFromTheFirstByteUnlessSaidOtherwise) {
  const auto hosts = [this](const std::string& more) {
    const std::string stream =
        std::string(kStream) + "route = { relay = [\"mx.example:465\", \"mx.example:587\"]" + more + " }\n";
    return make(stream).plan->streams[0].route.hosts;
  };
  using Hosts = std::vector<RelayHost>;
  EXPECT_EQ(hosts(""), (Hosts{{"mx.example", 465, true}, {"mx.example", 587, false}}));
  EXPECT_EQ(hosts(", implicit_tls = true"), (Hosts{{"mx.example", 465, true}, {"mx.example", 587, true}}));
  EXPECT_EQ(hosts(", implicit_tls = false"), (Hosts{{"mx.example", 465, false}, {"mx.example", 587, false}}));
}

TEST_F(MakePlanTest, WhoAsksIsToldOfADelayUnlessItIsOff) {
  const MadePlan usual = make(kStream);
  EXPECT_TRUE(usual.plan->streams[0].dsn.enabled);
  EXPECT_EQ(usual.plan->streams[0].dsn.delay, Duration(4h));
  EXPECT_FALSE(make(std::string(kStream) + "dsn_delay_after = \"off\"\n").plan->streams[0].dsn.delay);
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

TEST_F(MakePlanTest, StreamWithReferencesSendsEachRecipientHisOwnCopy) {
  const auto made = make(std::string(kStream) +
                         "recipients_per_message = 50\nreturn_path = \"b+{ref}@bounces.example\"\ndsn = \"off\"\n");
  EXPECT_EQ(made.plan->stream_or_default({}).recipients_per_message, 1U);
  const auto field_alone = make(std::string(kStream) + "recipients_per_message = 50\nreference_header = true\n");
  EXPECT_EQ(field_alone.plan->stream_or_default({}).recipients_per_message, 1U);
  const auto neither = make(std::string(kStream) + "recipients_per_message = 50\n");
  EXPECT_EQ(neither.plan->stream_or_default({}).recipients_per_message, 50U);
}

TEST_F(MakePlanTest, UnknownTimeZoneIsAnErrorThatNamesTheStream) {
  const auto made = try_make(std::string(kStream) + "window = { hours = \"08:00-20:00\", zone = \"Mars/Olympus\" }\n");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, make_error_code(queue::Errc::UnknownZone));
  EXPECT_THAT(made.error().detail, HasSubstr("stream default"));
}

TEST_F(MakePlanTest, ActionsStandBesideWhatShipsAndInItsPlace) {
  const MadePlan made = make(std::string(kStream) + R"([[action]]
name = "campaign-doubted"
what = "off"
[[action]]
name = "sender-domain-doubted"
what = "suspend"
scope = "sender-domain"
per = "sender_domain"
length = "30m"
[[action]]
name = "tenant-spam"
what = "slow"
classes = ["spam-content", "reputation"]
per = ["tenant", "stream"]
replies = 7
share = 0.2
volume = 30
span = "10m"
rate = "30/min"
alarm = true
)");
  EXPECT_THAT(made.warnings, IsEmpty());
  ASSERT_TRUE(made.plan->action_rules);
  std::map<std::string, shaping::ActionRule> rules;
  for (const shaping::ActionRule& rule : *made.plan->action_rules) EXPECT_TRUE(rules.emplace(rule.id, rule).second);
  EXPECT_EQ(rules.size(), shaping::shipped_action_rules().size());
  EXPECT_FALSE(rules.contains("campaign-doubted"));
  EXPECT_TRUE(rules.contains("authentication-fails"));
  EXPECT_EQ(rules["sender-domain-doubted"].kind, shaping::ActionKind::Suspend);
  EXPECT_EQ(rules["sender-domain-doubted"].length, 30min);
  using shaping::Dimension;
  const shaping::ActionRule wanted{
      .id = "tenant-spam",
      .classes = {model::OutcomeClass::SpamContent, model::OutcomeClass::Reputation},
      .per = shaping::Dimensions{Dimension::Provider, Dimension::Tenant, Dimension::Stream},
      .replies = 7,
      .share = 0.2,
      .volume = 30,
      .span = 10min,
      .rate = 0.5,
      .alarm = true};
  EXPECT_EQ(rules["tenant-spam"], wanted);
}

TEST_F(MakePlanTest, EveryWordOfAnActionIsKnown) {
  for (const char* scope : {"recipient", "message", "receiving-host", "source-ip", "ip-range", "sender-domain",
                            "dkim-domain", "url-domain", "campaign"}) {
    const MadePlan made =
        make(fmt::format("{}[[action]]\nname = \"x\"\nwhat = \"slow\"\nscope = \"{}\"\n", kStream, scope));
    EXPECT_EQ(to_string(made.plan->action_rules->back().scope), scope);
  }
  const MadePlan made = make(std::string(kStream) + R"([[action]]
name = "x"
what = "stop"
classes = ["invalid-mailbox", "invalid-domain", "inactive-mailbox", "mailbox-full", "policy", "authentication",
  "spam-content", "reputation", "blocklist", "rate-limit", "greylisting", "message-too-large", "content-rejected",
  "virus", "protocol", "relay-denied", "routing", "too-many-connections", "network", "timeout", "tls",
  "server-trouble", "other"]
per = ["vmta", "provider", "sender_domain", "dkim_domain", "tenant", "campaign", "stream"]
)");
  EXPECT_THAT(made.plan->action_rules->back().classes, SizeIs(23));
  using shaping::Dimension;
  EXPECT_EQ(made.plan->action_rules->back().per,
            (shaping::Dimensions{Dimension::Vmta, Dimension::Provider, Dimension::SenderDomain, Dimension::DkimDomain,
                                 Dimension::Tenant, Dimension::Campaign, Dimension::Stream}));
}

TEST_F(MakePlanTest, NamesThatNobodyHasInRulesAreReportedWithTheNearest) {
  const MadePlan made = make(std::string(kStream) + R"([[limit]]
name = "a"
provider = "gmial"
connections = 3
[[limit]]
name = "b"
provider = "site:mx.example"
connections = 3
[[limit]]
name = "c"
provider = "*"
connections = 3
[[path]]
provider = "yaho"
connections = 3
[[action]]
name = "campain-doubted"
what = "off"
)");
  ASSERT_THAT(made.warnings, SizeIs(3));
  EXPECT_EQ(made.warnings[0].part, "limit.a.provider");
  EXPECT_THAT(made.warnings[0].message, HasSubstr("provider \"gmial\" is not known"));
  EXPECT_EQ(made.warnings[0].hint, "did you mean \"gmail\"?");
  EXPECT_EQ(made.warnings[1].part, "path.1.provider");
  EXPECT_EQ(made.warnings[1].hint, "did you mean \"yahoo\"?");
  EXPECT_EQ(made.warnings[2].hint, "did you mean \"campaign-doubted\"?");
}

TEST_F(MakePlanTest, PathRulesKnowTheirVmtasAndGiveDomainsAPath) {
  const MadePlan made = make(std::string(kStream) + R"([[domain]]
name = "*.b.example"
tls = "require"
[[path]]
pool = "main"
provider = "gmail"
connections = 3
[[path]]
vmta = "v2"
domain = "a.b.example"
message_rate = "5/s"
timeouts = { mail = "1m" }
)");
  const Plan& plan = *made.plan;
  ASSERT_THAT(plan.path_rules, SizeIs(2));
  EXPECT_TRUE(plan.paths_say_more);
  EXPECT_EQ(plan.path_rules[1].timeouts.mail, Duration{std::chrono::minutes{1}});
  ASSERT_TRUE(plan.path_rules[0].vmtas);
  EXPECT_THAT(*plan.path_rules[0].vmtas, ::testing::ElementsAre(names_.find("v1"), names_.find("v2")));
  EXPECT_EQ(plan.path_rules[0].provider, names_.find("gmail"));
  EXPECT_THAT(*plan.path_rules[1].vmtas, ::testing::ElementsAre(names_.find("v2")));
  const DomainRule* rule = plan.find_domain("a.b.example");
  ASSERT_NE(rule, nullptr);
  EXPECT_TRUE(rule->limits);
  EXPECT_EQ(rule->tls, TlsLevel::Require) << "what the wider rule says holds on";
  EXPECT_FALSE(plan.find_domain("c.b.example")->limits);
}

TEST_F(MakePlanTest, PathRulesKnowTheirStreamAndTls) {
  const MadePlan made = make(std::string(kStream) + R"([[path]]
stream = "default"
connections = 3
[[path]]
vmta = "v2"
domain = "a.b.example"
tls = "require"
)");
  const Plan& plan = *made.plan;
  ASSERT_THAT(plan.path_rules, SizeIs(2));
  EXPECT_EQ(plan.path_rules[0].stream, names_.find("default"));
  EXPECT_EQ(plan.streams[0].id, names_.find("default"));
  EXPECT_TRUE(plan.streams_have_paths);
  EXPECT_EQ(plan.path_rules[1].tls, TlsLevel::Require);
  EXPECT_TRUE(plan.paths_say_tls);
  EXPECT_EQ(plan.find_domain("a.b.example"), nullptr) << "TLS alone needs no path of its own";
}

}  // namespace
}  // namespace penstock::delivery
