// SPDX-License-Identifier: Apache-2.0
#include "dns/router.h"

#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    dns_.mx("big.example", {{10, "mx.big.example"}}, 600s);
    dns_.a("mx.big.example", {"192.0.2.1"}, 600s);
  }
  RoutePtr find(const std::string& domain) { return run(shards_[0], router_.find(domain)); }
  int mx_count() { return dns_.count("big.example", RecordType::Mx); }

  FakeResolver dns_;
  FakeClock clock_;
  metrics::Registry registry_;
  Probe probe_{registry_};
  HostFinder finder_{dns_};
  net::ShardSet shards_{1};
  Router router_{shards_[0], finder_, clock_, probe_, {.routes_max = 10}};
};

TEST_F(RouterTest, HostsAreKeptForTheirTtl) {
  EXPECT_EQ(router_.find_cached("big.example"), nullptr);
  const RoutePtr first = find("big.example");
  ASSERT_TRUE(std::holds_alternative<Hosts>(*first));
  clock_.advance(599s);
  EXPECT_EQ(router_.find_cached("big.example"), first);
  EXPECT_EQ(mx_count(), 1);
  clock_.advance(1s);
  EXPECT_EQ(router_.find_cached("big.example"), nullptr);
  find("big.example");
  EXPECT_EQ(mx_count(), 2);
}

TEST_F(RouterTest, ShortTtlIsRaisedAndLongTtlIsCut) {
  dns_.mx("short.example", {{10, "mx.big.example"}}, 0s);
  dns_.mx("long.example", {{10, "mx.long.example"}}, 86'400s);
  dns_.a("mx.long.example", {"192.0.2.1"}, 86'400s);
  find("short.example");
  find("long.example");
  clock_.advance(29s);
  EXPECT_NE(router_.find_cached("short.example"), nullptr);
  clock_.advance(1s);
  EXPECT_EQ(router_.find_cached("short.example"), nullptr);
  clock_.advance(3569s);
  EXPECT_NE(router_.find_cached("long.example"), nullptr);
  clock_.advance(1s);
  EXPECT_EQ(router_.find_cached("long.example"), nullptr);
}

TEST_F(RouterTest, ManyWhoWaitForOneDomainAskOnce) {
  dns_.hold();
  std::vector<std::shared_ptr<std::optional<RoutePtr>>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(start(shards_[0], router_.find("big.example")));
  EXPECT_EQ(mx_count(), 1);
  for (const auto& one : waiting) EXPECT_FALSE(*one);
  dns_.release();
  shards_[0].io().poll();
  for (const auto& one : waiting) {
    ASSERT_TRUE(*one);
    EXPECT_EQ(**one, **waiting.front());
  }
  EXPECT_EQ(probe_.route_misses.value(), 1U);
}

TEST_F(RouterTest, MissingDomainIsRememberedForAMinute) {
  EXPECT_TRUE(std::holds_alternative<Invalid>(*find("gone.example")));
  clock_.advance(59s);
  EXPECT_TRUE(std::holds_alternative<Invalid>(*find("gone.example")));
  EXPECT_EQ(dns_.count("gone.example", RecordType::Mx), 1);
  clock_.advance(1s);
  find("gone.example");
  EXPECT_EQ(dns_.count("gone.example", RecordType::Mx), 2);
}

TEST_F(RouterTest, TroubleIsForgottenSoon) {
  dns_.fail_all(Status::TimedOut);
  EXPECT_TRUE(std::holds_alternative<Deferred>(*find("big.example")));
  dns_.fail_all(Status::Found);
  EXPECT_TRUE(std::holds_alternative<Deferred>(*find("big.example")));
  clock_.advance(10s);
  EXPECT_TRUE(std::holds_alternative<Hosts>(*find("big.example")));
}

TEST_F(RouterTest, ForgottenDomainIsAskedAgain) {
  find("big.example");
  router_.forget("big.example");
  EXPECT_EQ(router_.find_cached("big.example"), nullptr);
  find("big.example");
  EXPECT_EQ(mx_count(), 2);
  router_.forget_all();
  EXPECT_EQ(router_.size(), 0U);
}

TEST_F(RouterTest, ManyDomainsStayWithinTheLimit) {
  for (int i = 0; i < 50; ++i) find("n" + std::to_string(i) + ".example");
  EXPECT_EQ(router_.size(), 10U);
}

// The pointer given out stays good though the router has long forgotten the route.
TEST_F(RouterTest, RouteInUseOutlivesItsEntry) {
  const RoutePtr route = find("big.example");
  for (int i = 0; i < 50; ++i) find("n" + std::to_string(i) + ".example");
  router_.forget_all();
  EXPECT_EQ(std::get<Hosts>(*route).site, "mx.big.example");
}

// A resolver that throws, as a failed allocation would.
class Throwing final : public Resolver {
 public:
  void ask(net::Shard&, Question, Done) override { throw std::runtime_error("out of everything"); }
};

TEST_F(RouterTest, ExceptionWhileFindingDefersInsteadOfHanging) {
  Throwing throwing;
  const HostFinder finder(throwing);
  Router router(shards_[0], finder, clock_, probe_);
  const RoutePtr route = run(shards_[0], router.find("big.example"));
  ASSERT_TRUE(std::holds_alternative<Deferred>(*route));
  EXPECT_NE(std::get<Deferred>(*route).reason.find("out of everything"), std::string::npos);
}

}  // namespace
}  // namespace penstock::dns
