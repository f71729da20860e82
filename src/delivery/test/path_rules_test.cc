// SPDX-License-Identifier: Apache-2.0
// [[path]] rules that name a stream or say what TLS is to be, over loopback connections.
#include "delivery/path_rules.h"

#include <gtest/gtest.h>

#include <set>

#include "delivery/test/two_domains.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;

class PathRulesTest : public TwoDomains {};

TEST_F(PathRulesTest, StreamThatAPathRuleNamesHasAPathOfItsOwnWithinTheOthers) {
  desk_.change_plan([&](Plan& plan) {
    PathRule rule;
    rule.stream = desk_.names.intern("news");
    rule.vmtas = {desk_.names.intern("v1"), desk_.names.intern("v2")};
    rule.limits.connections = 1;
    rule.timeouts.rset = 7s;
    rule.backoff.connections = 2;
    plan.path_rules = {rule};
    plan.paths_say_more = plan.streams_have_paths = true;
    plan.default_limits.connections = 3;
    plan.pools[1].members = {{0, 1}};  // both streams send from v1
  });
  receiver_->hold();
  for (int i = 0; i < 4; ++i) desk_.send({"n" + std::to_string(i) + "@one.example"}, "news");
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->open(), 1U) << "the stream has one connection";
  for (int i = 0; i < 4; ++i) desk_.send({"d" + std::to_string(i) + "@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 3; });
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->open(), 3U) << "which counts for the path around it";
  ASSERT_EQ(desk_.dispatcher().paths().size(), 2U);
  const auto path_of = [this](const char* group) {
    const auto found = desk_.dispatcher().paths().find({desk_.names.find("v1"), desk_.names.find(group)});
    return found == desk_.dispatcher().paths().end() ? nullptr : found->second.get();
  };
  Path* own = path_of("stream:news/site:mx.one.example");
  Path* around = path_of("site:mx.one.example");
  ASSERT_TRUE(own != nullptr && around != nullptr);
  ASSERT_EQ(own->limiter().scopes().size(), 2U);
  EXPECT_EQ(own->limiter().scopes().front()->limits().connections, 1U);
  EXPECT_EQ(own->limiter().scopes().back(), around->limiter().scopes().front());
  EXPECT_EQ(own->limiter().scopes().front()->policy().backoff_connections, 2U);
  EXPECT_EQ(around->limiter().scopes().front()->policy().backoff_connections, 0U);
  EXPECT_EQ(desk_.dispatcher().timeouts_of(*own->lanes().begin()->second)->rset, Duration{7s});
  EXPECT_NE(desk_.dispatcher().timeouts_of(*around->lanes().begin()->second)->rset, Duration{7s});
  receiver_->release();
  wait_for(EventType::Delivered, 8);
  // A reload takes the rule back: its mail goes with the others again.
  desk_.change_plan([](Plan& plan) {
    plan.path_rules.clear();
    plan.paths_say_more = plan.streams_have_paths = false;
  });
  desk_.send({"last@one.example"}, "news");
  wait_for(EventType::Delivered, 9);
  EXPECT_EQ(around->counts().delivered, 5U);
}

TEST_F(PathRulesTest, StreamsPathOfADomainLiesWithinAllThatHoldThere) {
  desk_.change_plan([&](Plan& plan) {
    plan.providers = dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"big", {"mx.one.example"}, {}}});
    plan.provider_names = {desk_.names.intern("big")};
    plan.provider_groups = {desk_.names.intern("provider:big")};
    plan.provider_limits = {plan.default_limits};
    plan.domains["one.example"].limits = shaping::Limits{.connections = 4};
    PathRule of_stream;
    of_stream.stream = desk_.names.intern("news");
    of_stream.provider = desk_.names.intern("big");
    of_stream.limits.connections = 2;
    PathRule of_both = of_stream;
    of_both.domain = "one.example";
    of_both.limits = {.messages_per_connection = 5};
    plan.path_rules = {of_both, of_stream};
    plan.streams_have_paths = true;
    plan.pools[1].members = {{0, 1}};
  });
  desk_.send({"a@one.example", "b@two.example"}, "news");
  wait_for(EventType::Delivered, 2);
  const auto found =
      desk_.dispatcher().paths().find({desk_.names.find("v1"), desk_.names.find("stream:news/domain:one.example")});
  ASSERT_NE(found, desk_.dispatcher().paths().end());
  std::vector<std::string> scopes;
  for (const auto& scope : found->second->limiter().scopes()) {
    scopes.push_back(scope->scope() + " " + std::to_string(scope->limits().connections));
  }
  const auto usual = std::to_string(desk_.plan->default_limits.connections);
  EXPECT_EQ(scopes, (std::vector<std::string>{"v1/stream:news/domain:one.example 2", "v1/domain:one.example 4",
                                              "v1/stream:news/provider:big 2", "v1/provider:big " + usual}));
  EXPECT_EQ(found->second->limiter().scopes().front()->limits().messages_per_connection, 5U);
  EXPECT_TRUE(desk_.dispatcher().paths().contains({desk_.names.find("v1"), desk_.names.find("site:mx.two.example")}))
      << "the rule is for the provider";
}

TEST_F(PathRulesTest, PauseOfAPathHoldsAStreamsOwnPathWithinItToo) {
  desk_.change_plan([&](Plan& plan) {
    PathRule rule;
    rule.stream = desk_.names.intern("default");
    rule.limits.connections = 1;
    plan.path_rules = {rule};
    plan.streams_have_paths = true;
  });
  const auto what = queue::Selection::make({.path = "site:mx.one.example"}, desk_.names);
  ASSERT_TRUE(what);
  ASSERT_TRUE(desk_.dispatcher().add_pause({queue::PauseId{1}, *what, "test", {}, {}}));
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return desk_.count(queue::Whereabouts::Held) == 1; });
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  wait_for(EventType::Delivered, 1);
}

TEST_F(PathRulesTest, TlsOfAPathRuleHoldsForItsVmta) {
  desk_.change_plan([&](Plan& plan) {
    PathRule rule;
    rule.vmtas = {desk_.names.intern("v1")};
    rule.tls = TlsLevel::None;
    PathRule of_stream;
    of_stream.stream = desk_.names.intern("news");
    of_stream.tls = TlsLevel::Verify;
    plan.path_rules = {rule, of_stream};
    plan.paths_say_tls = true;
    plan.pools[1].members = {{0, 1}};
  });
  receiver_->hold();
  desk_.send({"a@one.example"});
  desk_.send({"b@one.example"}, "news");
  desk_.run_until([&] {
    const auto& paths = desk_.dispatcher().paths();
    return paths.size() == 1 && paths.begin()->second->lanes().size() == 2;
  });
  std::set<TlsLevel> levels;
  for (const auto& [site, lane] : desk_.dispatcher().paths().begin()->second->lanes()) {
    levels.insert(lane->destination->tls);
  }
  EXPECT_EQ(levels, (std::set<TlsLevel>{TlsLevel::None, TlsLevel::Verify})) << "two lanes of one path";
  receiver_->release();
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 1; });
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].recipient, "a@one.example");
}

}  // namespace
}  // namespace penstock::delivery
