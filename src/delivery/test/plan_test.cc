// SPDX-License-Identifier: Apache-2.0
#include "delivery/plan.h"

#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

DomainRule rule(std::uint32_t connections) {
  DomainRule made;
  made.limits = shaping::Limits{.connections = connections};
  return made;
}

TEST(Plan, DomainRuleIsTheExactOneThenThatOfTheLongestSuffix) {
  Plan plan;
  plan.domains["a.example"] = rule(1);
  plan.suffixes["example"] = rule(2);
  plan.suffixes["b.example"] = rule(3);
  const struct {
    const char* domain;
    std::uint32_t connections;  // 0: no rule
  } cases[] = {
      {"a.example", 1},     {"x.a.example", 2}, {"other.example", 2}, {"b.example", 2}, {"x.b.example", 3},
      {"y.x.b.example", 3}, {"example", 0},     {"xexample", 0},      {"b.test", 0},    {"", 0},
      {"ab.example", 2},
  };
  for (const auto& one : cases) {
    const DomainRule* found = plan.find_domain(one.domain);
    EXPECT_EQ(found == nullptr ? 0 : found->limits->connections, one.connections) << one.domain;
  }
}

TEST(Plan, RemovedStreamIsServedByTheDefault) {
  Plan plan;
  plan.streams.resize(2);
  plan.streams[0].name = "other";
  plan.streams[1].name = "default";
  plan.default_stream = 1;
  plan.stream_by_name[7] = 0;
  EXPECT_EQ(plan.stream_or_default(model::NameId{7}).name, "other");
  EXPECT_EQ(plan.stream_or_default(model::NameId{8}).name, "default");
}

TEST(Plan, VmtaThatIsNotThereIsNull) {
  Plan plan;
  plan.vmtas.resize(1);
  plan.vmta_by_name[3] = 0;
  EXPECT_EQ(plan.find_vmta(model::NameId{3}), plan.vmtas.data());
  EXPECT_EQ(plan.find_vmta(model::NameId{4}), nullptr);
  EXPECT_EQ(plan.find_vmta(model::NameId{}), nullptr);
}

TEST(Route, GroupNamesKindAndHosts) {
  EXPECT_EQ(Route{}.group(), "");
  EXPECT_EQ((Route{RouteKind::Null, {}}.group()), "null");
  EXPECT_EQ((Route{RouteKind::Relay, {{"127.0.0.2", 2599}}}.group()), "relay:127.0.0.2:2599");
  EXPECT_EQ((Route{RouteKind::Relay, {{"::1", 25}, {"mx.example", 26}}}.group()), "relay:[::1]:25,mx.example:26");
  EXPECT_EQ((Route{RouteKind::Lmtp, {{"unix:/run/lmtp", 0}}}.group()), "lmtp:unix:/run/lmtp");
}

TEST(Vmta, FamiliesAreThoseOfItsAddresses) {
  Vmta vmta;
  EXPECT_EQ(vmta.families(), dns::Families::V4);
  vmta.source_v6 = "2001:db8::1";
  EXPECT_EQ(vmta.families(), dns::Families::V6);
  vmta.source_v4 = "192.0.2.1";
  EXPECT_EQ(vmta.families(), dns::Families::V4ThenV6);
}

}  // namespace
}  // namespace penstock::delivery
