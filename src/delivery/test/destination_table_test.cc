// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"
#include "state/test/temp_database.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DestinationTableTest : public ::testing::Test {
 protected:
  DestinationTableTest() {
    dns_.mx("big.example", {{10, "mx2.big.example"}, {5, "mx1.big.example"}});
    dns_.a("mx1.big.example", {"192.0.2.1"});
    dns_.a("mx2.big.example", {"192.0.2.2"});
    dns_.mx("customer.example", {{10, "in.google.com"}});
    dns_.a("in.google.com", {"192.0.2.9"});
    auto plan = std::make_shared<Plan>();
    plan->default_limits = {.connections = 20, .messages_per_connection = 500, .recipients_per_message = 100};
    plan->providers = dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"gmail", {"google.com"}, {}}});
    plan->provider_names = {names_.intern("gmail")};
    plan->provider_groups = {names_.intern("provider:gmail")};
    plan->provider_limits = {{.connections = 8, .messages_per_connection = 50, .recipients_per_message = 10}};
    plan_ = plan;
    table_.set_plan(plan);
  }
  Resolved look_up(std::string_view domain) {
    return dns::run(shards_[0], table_.look_up(names_.intern(domain), stream_.route));
  }
  DestinationPtr destination(std::string_view domain) {
    const Resolved found = look_up(domain);
    EXPECT_TRUE(std::holds_alternative<DestinationPtr>(found)) << domain;
    return std::holds_alternative<DestinationPtr>(found) ? std::get<DestinationPtr>(found)
                                                         : std::make_shared<Destination>();
  }
  RouteTroublePtr trouble(std::string_view domain) {
    const Resolved found = look_up(domain);
    EXPECT_TRUE(std::holds_alternative<RouteTroublePtr>(found)) << domain;
    return std::holds_alternative<RouteTroublePtr>(found) ? std::get<RouteTroublePtr>(found)
                                                          : std::make_shared<RouteTrouble>();
  }
  std::optional<Resolved> find(std::string_view domain) { return table_.find(names_.intern(domain), stream_); }
  std::string_view text(model::NameId id) { return names_.view(id); }
  // "provider group"
  std::string place(std::string_view domain) {
    const PlaceTable::Known known = table_.place_of(names_.intern(domain), stream_);
    return std::string(text(known.provider)) + " " + std::string(text(known.group));
  }
  void use(RouteKind kind, std::vector<RelayHost> hosts) { stream_.route = {kind, std::move(hosts)}; }

  dns::FakeResolver dns_;
  FakeClock clock_;
  metrics::Registry registry_;
  dns::Probe probe_{registry_};
  dns::HostFinder finder_{dns_};
  model::NameTable names_;
  PlaceTable places_;
  net::ShardSet shards_{1};
  DestinationTable table_{shards_[0], names_, places_, dns_, finder_, clock_, probe_};
  std::shared_ptr<Plan> plan_;  // changed only before it is set again
  Stream stream_;
};

TEST_F(DestinationTableTest, DomainWithoutProviderIsCalledAfterItsSite) {
  const auto found = destination("big.example");
  EXPECT_EQ(found->kind, RouteKind::Mx);
  EXPECT_EQ(text(found->group), "site:mx1.big.example,mx2.big.example");
  EXPECT_EQ(text(found->site), "mx1.big.example,mx2.big.example");
  EXPECT_FALSE(found->provider);
  EXPECT_FALSE(found->has_home_limiter());
  EXPECT_EQ(found->limits.connections, 20U);
  ASSERT_EQ(found->hosts->hosts.size(), 2U);
  EXPECT_EQ(found->hosts->hosts[0].name, "mx1.big.example");
}

TEST_F(DestinationTableTest, ProviderGivesGroupAndLimits) {
  const auto found = destination("customer.example");
  EXPECT_EQ(text(found->provider), "gmail");
  EXPECT_EQ(text(found->group), "provider:gmail");
  EXPECT_EQ(found->home, found->group);
  EXPECT_EQ(found->limits.connections, 8U);
  EXPECT_EQ(place("customer.example"), "gmail provider:gmail");
  EXPECT_EQ(place("never.asked.example"), " ");
  table_.set_plan(plan_);
  EXPECT_EQ(place("customer.example"), "gmail provider:gmail");
}

TEST_F(DestinationTableTest, DomainRuleWithinAProviderHasAHomeLimiter) {
  plan_->domains["customer.example"].limits = shaping::Limits{.connections = 2};
  table_.set_plan(plan_);
  const auto found = destination("customer.example");
  EXPECT_EQ(text(found->group), "domain:customer.example");
  EXPECT_EQ(text(found->home), "provider:gmail");
  EXPECT_TRUE(found->has_home_limiter());
  EXPECT_EQ(found->limits.connections, 2U);
  EXPECT_EQ(found->limits.messages_per_connection, 50U);  // left out by the rule: the provider's
  EXPECT_EQ(found->home_limits.connections, 8U);
}

TEST_F(DestinationTableTest, DomainRuleWithoutProviderIsAPathOfItsOwn) {
  plan_->suffixes["example"].limits = shaping::Limits{.connections = 2};
  table_.set_plan(plan_);
  const auto found = destination("big.example");
  EXPECT_EQ(text(found->group), "domain:big.example");
  EXPECT_EQ(found->home, found->group);
  EXPECT_FALSE(found->has_home_limiter());
}

TEST_F(DestinationTableTest, KnownDomainIsFoundWithoutLookUp) {
  EXPECT_FALSE(find("big.example"));
  const Resolved first = look_up("big.example");
  const auto again = find("big.example");
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, first);  // the same object
  EXPECT_EQ(dns_.count("big.example", dns::RecordType::Mx), 1);
  table_.forget(names_.find("big.example"));
  EXPECT_FALSE(find("big.example"));
}

TEST_F(DestinationTableTest, NewPlanMakesNewDestinationsWithoutAskingDns) {
  const auto before = destination("big.example");
  auto next = std::make_shared<Plan>(*plan_);
  next->default_limits.connections = 3;
  table_.set_plan(next);
  const auto after = find("big.example");
  ASSERT_TRUE(after);
  EXPECT_EQ(std::get<DestinationPtr>(*after)->limits.connections, 3U);
  EXPECT_EQ(before->limits.connections, 20U);
  EXPECT_EQ(dns_.count("big.example", dns::RecordType::Mx), 1);
}

TEST_F(DestinationTableTest, RelayToAnAddressAsksNobody) {
  use(RouteKind::Relay, {{"127.0.0.2", 2599}, {"::1", 2600}});
  const auto found = destination("any.example");
  EXPECT_EQ(found->kind, RouteKind::Relay);
  EXPECT_EQ(text(found->group), "relay:127.0.0.2:2599,[::1]:2600");
  EXPECT_THAT(found->ports, ElementsAre(HostPort{2599, false}, HostPort{2600, false}));
  ASSERT_EQ(found->hosts->hosts.size(), 2U);
  EXPECT_EQ(found->hosts->hosts[1].addresses.front(), (dns::Address{dns::Family::V6, "::1"}));
  EXPECT_EQ(dns_.count_all(), 0);
  EXPECT_EQ(std::get<DestinationPtr>(*find("other.example")), found);  // one for all domains
}

TEST_F(DestinationTableTest, RelayEncryptedFromTheFirstByteNeverTakesMailInClear) {
  use(RouteKind::Relay, {{"127.0.0.2", 465, true}});
  const auto found = destination("any.example");
  EXPECT_THAT(found->ports, ElementsAre(HostPort{465, true}));
  EXPECT_EQ(found->tls, TlsLevel::Require);
}

TEST_F(DestinationTableTest, AnotherLevelIsTheSameDestinationInALaneOfItsOwn) {
  const auto found = destination("big.example");
  EXPECT_EQ(found->tls, TlsLevel::Opportunistic);
  EXPECT_EQ(table_.at_level(found, TlsLevel::Opportunistic), found);
  const auto strict = table_.at_level(found, TlsLevel::Verify);
  EXPECT_EQ(strict->tls, TlsLevel::Verify);
  EXPECT_EQ(strict->group, found->group);
  EXPECT_EQ(strict->hosts, found->hosts);
  EXPECT_NE(strict->lane, found->lane) << "its connections carry no other mail";
  EXPECT_EQ(table_.at_level(found, TlsLevel::Verify), strict) << "made once";
}

TEST_F(DestinationTableTest, RelayThatBeginsInTlsIsNotBroughtBelowIt) {
  use(RouteKind::Relay, {{"127.0.0.2", 465, true}});
  const auto found = destination("any.example");
  EXPECT_EQ(table_.at_level(found, TlsLevel::None), found);
  EXPECT_EQ(table_.at_level(found, TlsLevel::Verify)->tls, TlsLevel::Verify);
}

TEST(TlsSaid, TheNarrowestWordCounts) {
  using enum TlsLevel;
  EXPECT_EQ(level_of({.stream = Verify}), Verify);
  EXPECT_EQ(level_of({.stream = Opportunistic, .provider_least = Require}), Require);
  EXPECT_EQ(level_of({.stream = Verify, .provider_least = Require}), Verify);
  EXPECT_EQ(level_of({.stream = Verify, .provider_least = Require, .provider = None}), None);
  EXPECT_EQ(level_of({.stream = Opportunistic, .provider = None, .domain = Verify}), Verify);
  EXPECT_EQ(level_of({.stream = Verify, .provider_least = Require, .provider = Verify, .path = None}), None);
  EXPECT_EQ(level_of({.path = None, .domain = Verify}), Verify);
  EXPECT_EQ(level_of({.path = None, .domain = Verify, .narrow = Require}), Require);
}

TEST_F(DestinationTableTest, RelayToANameIsLookedUpAgainAfterAMinute) {
  dns_.a("relay.example", {"192.0.2.20"});
  use(RouteKind::Relay, {{"relay.example", 25}});
  EXPECT_EQ(destination("any.example")->hosts->hosts[0].addresses[0].text, "192.0.2.20");
  clock_.advance(59s);
  EXPECT_TRUE(find("any.example"));
  clock_.advance(1s);
  EXPECT_FALSE(find("any.example"));
}

TEST_F(DestinationTableTest, RelayWithoutAnyAddressDefersForAMoment) {
  dns_.fail("relay.example", dns::Status::ServFail);
  use(RouteKind::Relay, {{"relay.example", 25}});
  const auto found = trouble("any.example");
  EXPECT_EQ(found->outcome.kind, model::OutcomeKind::Deferred);
  EXPECT_EQ(found->outcome.outcome_class, model::OutcomeClass::Dns);
  EXPECT_THAT(found->outcome.reply.text, HasSubstr("relay.example"));
  clock_.advance(10s);
  EXPECT_FALSE(find("any.example"));
}

TEST_F(DestinationTableTest, FixedRouteOfADomainWithLimitsHasAPathOfItsOwn) {
  plan_->domains["slow.example"].limits = shaping::Limits{.connections = 1};
  table_.set_plan(plan_);
  use(RouteKind::Relay, {{"127.0.0.2", 2599}});
  EXPECT_EQ(text(destination("slow.example")->group), "domain:slow.example");
  EXPECT_EQ(text(destination("quick.example")->group), "relay:127.0.0.2:2599");
  EXPECT_EQ(std::get<DestinationPtr>(*find("slow.example"))->limits.connections, 1U);
}

TEST_F(DestinationTableTest, DomainsOwnRouteGoesBeforeTheStreams) {
  plan_->domains["lan.example"].route = Route{RouteKind::Lmtp, {{"unix:/run/lmtp.sock", 0}}};
  table_.set_plan(plan_);
  const auto found = destination("lan.example");
  EXPECT_EQ(found->kind, RouteKind::Lmtp);
  EXPECT_EQ(found->unix_path, "/run/lmtp.sock");
  EXPECT_TRUE(find("lan.example"));
}

TEST_F(DestinationTableTest, NullRouteNeedsNoHost) {
  use(RouteKind::Null, {});
  EXPECT_EQ(destination("any.example")->kind, RouteKind::Null);
  EXPECT_EQ(dns_.count_all(), 0);
}

TEST_F(DestinationTableTest, DnsTroubleBecomesOutcomes) {
  dns_.mx("null.example", {{0, ""}});
  dns_.fail("broken.example", dns::Status::ServFail);
  dns_.txt("bare.example", {"no host here"});
  const auto gone = trouble("gone.example");
  EXPECT_EQ(gone->outcome.kind, model::OutcomeKind::Bounced);
  EXPECT_EQ(gone->outcome.reply.code, 0) << "no receiver has said it";
  EXPECT_EQ(gone->outcome.reply.enhanced, (model::EnhancedStatus{5, 1, 2}));
  EXPECT_TRUE(gone->no_such_domain);
  const auto null = trouble("null.example");
  EXPECT_EQ(null->outcome.kind, model::OutcomeKind::Bounced);
  EXPECT_EQ(null->outcome.reply.code, 0);
  EXPECT_EQ(null->outcome.reply.enhanced, (model::EnhancedStatus{5, 1, 10}));
  EXPECT_FALSE(null->no_such_domain);
  const auto broken = trouble("broken.example");
  EXPECT_EQ(broken->outcome.kind, model::OutcomeKind::Deferred);
  EXPECT_EQ(broken->outcome.reply.code, 0);
  EXPECT_EQ(trouble("bare.example")->outcome.kind, model::OutcomeKind::Bounced);
  EXPECT_EQ(place("gone.example"), " ");
}

TEST_F(DestinationTableTest, WhatOneShardFoundAllKnow) {
  DestinationTable other{shards_[0], names_, places_, dns_, finder_, clock_, probe_};
  other.set_plan(plan_);
  (void)destination("big.example");
  const PlaceTable::Known known = other.place_of(names_.find("big.example"), stream_);
  EXPECT_EQ(text(known.group), "site:mx1.big.example,mx2.big.example");
  clock_.advance(std::chrono::hours{100});  // no route is remembered for so long; where it went is
  EXPECT_EQ(other.place_of(names_.find("big.example"), stream_), known);
}

TEST_F(DestinationTableTest, PlaceOfAFixedRouteAsksNobody) {
  use(RouteKind::Relay, {{"127.0.0.2", 2599}});
  EXPECT_EQ(place("never.asked.example"), " relay:127.0.0.2:2599");
  plan_->domains["limited.example"].limits = shaping::Limits{.connections = 2};
  table_.set_plan(plan_);
  EXPECT_EQ(place("limited.example"), " domain:limited.example");
}

// A table that asks for policies; three domains on the same hosts.
class PublishedPolicyTest : public ::testing::Test {
 protected:
  class Host final : public mtasts::PolicyHost {
   public:
    net::Task<mtasts::FetchResult> fetch(net::Shard&, std::string domain) override {
      const std::string text = "version: STSv1\nmode: enforce\nmx: " + lists[domain] + "\nmax_age: 86400\n";
      co_return mtasts::Fetched{text, *tlspolicy::parse_sts_policy(text)};
    }
    std::map<std::string, std::string> lists;
  };
  PublishedPolicyTest() {
    for (const char* domain : {"a.example", "b.example", "c.example", "plain.example"}) {
      dns_.mx(domain, {{10, "mx.host.example"}});
      if (std::string(domain) != "plain.example") dns_.txt("_mta-sts." + std::string(domain), {"v=STSv1; id=1"});
    }
    dns_.a("mx.host.example", {"192.0.2.1"});
    host_.lists = {{"a.example", "mx.host.example"}, {"b.example", "*.host.example"}, {"c.example", "mx.c.example"}};
    plan_->default_limits = {.connections = 20, .messages_per_connection = 500, .recipients_per_message = 100};
    table_.set_plan(plan_);
  }
  DestinationPtr destination(std::string_view domain, model::TlsWish wish = model::TlsWish::Usual) {
    return std::get<DestinationPtr>(dns::run(shards_[0], table_.look_up(names_.intern(domain), stream_.route, wish)));
  }

  state::TempDatabase file_;
  FakeClock clock_;
  dns::FakeResolver dns_;
  metrics::Registry registry_;
  dns::Probe probe_{registry_};
  mtasts::Probe sts_probe_{registry_};
  dns::HostFinder finder_{dns_};
  model::NameTable names_;
  PlaceTable places_;
  net::ShardSet shards_{1};
  Host host_;
  std::unique_ptr<state::Writer> writer_ = std::move(*state::Writer::open(file_.path()));
  std::unique_ptr<mtasts::Store> store_ = std::move(*mtasts::Store::open(*writer_, clock_));
  std::unique_ptr<tlsrpt::Collector> reports_ = std::move(*tlsrpt::Collector::open(*writer_, clock_));
  mtasts::Policies policies_{mtasts::Policies::Parts{shards_, dns_, host_, *store_, clock_, sts_probe_}};
  DestinationTable table_{shards_[0], names_, places_, dns_, finder_, clock_, probe_, {}, {&policies_, reports_.get()}};
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  Stream stream_;
};

TEST_F(PublishedPolicyTest, DomainsShareConnectionsOnlyWhereTheSameIsAskedOfEachHost) {
  const auto a = destination("a.example"), b = destination("b.example"), c = destination("c.example");
  const auto plain = destination("plain.example");
  EXPECT_EQ(a->site, plain->site);
  EXPECT_EQ(a->group, c->group);  // the same limits for all
  EXPECT_EQ(a->lane, b->lane);    // both want a certificate for the one host
  EXPECT_NE(a->lane, c->lane);    // which c forbids
  EXPECT_NE(a->lane, plain->lane);
  EXPECT_EQ(plain->lane, plain->site);
  EXPECT_EQ(a->host_tls.at(0).policy, "mta-sts");
  EXPECT_THAT(c->host_tls.at(0).refusal, HasSubstr("does not list the host"));
}

TEST_F(PublishedPolicyTest, KnownDomainIsFoundWithoutLookUp) {
  for (const char* domain : {"a.example", "plain.example"}) {
    const DestinationPtr first = destination(domain);
    const int asked = dns_.count_all();
    const auto again = table_.find(names_.find(domain), stream_);
    ASSERT_TRUE(again) << domain;
    EXPECT_EQ(std::get<DestinationPtr>(*again), first);  // the same object
    EXPECT_EQ(dns_.count_all(), asked);
  }
}

TEST_F(PublishedPolicyTest, ExpiredVerdictIsAskedForAgain) {
  destination("plain.example");
  clock_.advance(5min);
  EXPECT_FALSE(table_.find(names_.find("plain.example"), stream_));
}

TEST_F(PublishedPolicyTest, WishOfTheMessageChangesWhatIsAsked) {
  EXPECT_TRUE(destination("c.example", model::TlsWish::Optional)->host_tls.empty());
  const auto required = destination("a.example", model::TlsWish::Required);
  EXPECT_TRUE(required->host_tls.at(0).announces_require_tls);
  EXPECT_NE(required->lane, destination("a.example")->lane);
  EXPECT_EQ(destination("plain.example", model::TlsWish::Required)->host_tls.at(0).policy, "requiretls");
}

TEST_F(PublishedPolicyTest, PoliciesCanBeTurnedOff) {
  plan_->tls.mta_sts = false;
  table_.set_plan(plan_);
  EXPECT_TRUE(destination("c.example")->host_tls.empty());
  EXPECT_EQ(dns_.count("_mta-sts.c.example", dns::RecordType::Txt), 0);
}

TEST_F(PublishedPolicyTest, DomainThatWantsReportsHasConnectionsOfItsOwn) {
  dns_.txt("_smtp._tls.b.example", {"v=TLSRPTv1; rua=mailto:tls@b.example"});
  const auto a = destination("a.example"), b = destination("b.example");
  EXPECT_TRUE(b->reports_tls);
  EXPECT_FALSE(a->reports_tls);
  EXPECT_NE(a->lane, b->lane);
  EXPECT_TRUE(reports_->wants("b.example"));
}

TEST_F(PublishedPolicyTest, RequiredTlsOfARelayNeedsNoProof) {
  stream_.route = {RouteKind::Relay, {{"127.0.0.2", 2599}}};
  const auto required = destination("a.example", model::TlsWish::Required);
  ASSERT_EQ(required->host_tls.size(), 1U);
  EXPECT_TRUE(required->host_tls[0].refusal.empty());
  EXPECT_EQ(required->host_tls[0].level, TlsLevel::Verify);
  EXPECT_NE(required->lane, destination("a.example")->lane);
}

}  // namespace
}  // namespace penstock::delivery
