// SPDX-License-Identifier: Apache-2.0
#include "sim/personality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

HiddenLimits limits_with(std::initializer_list<std::pair<Trait, double>> values) {
  HiddenLimits limits;
  for (const auto& [trait, value] : values) limits.base[index_of(trait)] = value;
  return limits;
}

constexpr std::string_view kSource = "127.0.1.1";

Verdict see(PersonalityKind kind, const HiddenLimits& limits, SourceState& state, Step step, Duration now = 0s,
            std::uint64_t messages = 0, bool crowded = false) {
  return judge(kind, limits, state, {step, kSource, messages, crowded}, now);
}

}  // namespace

TEST(HiddenLimits, StepsRisesAndFallsFollowTheTimeline) {
  HiddenLimits limits = limits_with({{Trait::Rate, 100}});
  limits.add({40s, 10s, "", Trait::Rate, 0});
  limits.add({10s, 0s, "", Trait::Rate, 50});
  limits.add({20s, 10s, "", Trait::Rate, 80});
  limits.add({25s, 0s, "127.0.1.9", Trait::Rate, 7});
  const std::vector<std::pair<Duration, double>> expected{{0s, 100}, {9999ms, 100}, {10s, 50}, {20s, 50}, {25s, 65},
                                                          {30s, 80}, {39s, 80},     {45s, 40}, {50s, 0},  {9h, 0}};
  for (const auto& [when, value] : expected) {
    EXPECT_DOUBLE_EQ(limits.value(Trait::Rate, kSource, when), value) << when.count();
  }
  EXPECT_DOUBLE_EQ(limits.value(Trait::Rate, "127.0.1.9", 26s), 7) << "a change for one source only";
  EXPECT_DOUBLE_EQ(limits.value(Trait::Connections, kSource, 26s), 0);
}

TEST(HiddenLimits, ChangeBeginsWhereAnotherHasGotTo) {
  HiddenLimits limits = limits_with({{Trait::Rate, 0}});
  limits.add({0s, 10s, "", Trait::Rate, 100});
  limits.add({5s, 10s, "", Trait::Rate, 0});
  EXPECT_DOUBLE_EQ(limits.value(Trait::Rate, kSource, 5s), 50);
  EXPECT_DOUBLE_EQ(limits.value(Trait::Rate, kSource, 10s), 25);
}

TEST(HiddenLimits, ValuesAreReadByTheirKind) {
  EXPECT_EQ(parse_trait_value(Trait::Rate, "120/min").value(), 2);
  EXPECT_EQ(parse_trait_value(Trait::Hold, "2m").value(), 120);
  EXPECT_EQ(parse_trait_value(Trait::Blocked, "true").value(), 1);
  EXPECT_EQ(parse_trait_value(Trait::ComplaintShare, "0.002").value(), 0.002);
  EXPECT_EQ(parse_trait_value(Trait::Rate, "0").value(), 0);
  const std::vector<std::pair<Trait, std::string>> bad{{Trait::Rate, "50"},
                                                       {Trait::Hold, "5"},
                                                       {Trait::Blocked, "yes"},
                                                       {Trait::ComplaintShare, "1.5"},
                                                       {Trait::Connections, "-1"},
                                                       {Trait::Connections, "many"},
                                                       {Trait::ComplaintShare, "nan"},
                                                       {Trait::Tolerance, ""}};
  for (const auto& [trait, text] : bad) EXPECT_FALSE(parse_trait_value(trait, text)) << text;
  for (std::size_t i = 0; i < kTraitNames.size(); ++i) EXPECT_EQ(index_of(*parse_trait(kTraitNames[i])), i);
  EXPECT_FALSE(parse_trait("colour"));
}

TEST(Personality, RefusesAboveTheRateWhereAndAsItsModelDoes) {
  struct Case {
    PersonalityKind kind;
    Step step;
    std::string_view reply;
  };
  const std::vector<Case> cases{{PersonalityKind::Gmail, Step::EndOfData, "421 4.7.28 [127.0.1.1]"},
                                {PersonalityKind::Microsoft, Step::Mail, "451 4.7.650 The mail server [127.0.1.1]"},
                                {PersonalityKind::Yahoo, Step::Mail, "421 4.7.0 [TSS04] Messages from 127.0.1.1"},
                                {PersonalityKind::Apple, Step::Mail, "421 4.7.1 Messages from 127.0.1.1"},
                                {PersonalityKind::Plain, Step::Mail, "451 4.7.1"}};
  for (const Case& one : cases) {
    SourceState state;
    const HiddenLimits limits = limits_with({{Trait::Rate, 2}});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(see(one.kind, limits, state, one.step).reason, Reason::None);
    const Verdict verdict = see(one.kind, limits, state, one.step);
    EXPECT_EQ(verdict.reason, Reason::Rate);
    EXPECT_THAT(verdict.reply, StartsWith(std::string(one.reply)));
    EXPECT_TRUE(ties_to_source(verdict));
    EXPECT_EQ(see(one.kind, limits, state, one.step, 500ms).reason, Reason::None) << "half a second makes one token";
  }
}

TEST(Personality, HoldsASourceThatDoesNotListenAndLetsGo) {
  struct Case {
    PersonalityKind kind;
    Step step;
    Action action;
    std::string_view reply;
  };
  const std::vector<Case> cases{{PersonalityKind::Gmail, Step::Connect, Action::Reply, "421 4.7.0 Try again later"},
                                {PersonalityKind::Microsoft, Step::Mail, Action::Reset, ""},
                                {PersonalityKind::Yahoo, Step::Connect, Action::Reply, "421 4.7.0 [TSS04]"},
                                {PersonalityKind::Apple, Step::Connect, Action::Reset, ""}};
  for (const Case& one : cases) {
    SourceState state;
    const HiddenLimits limits =
        limits_with({{Trait::Rate, 1}, {Trait::Tolerance, 3}, {Trait::Hold, 3600}, {Trait::Slow, 4}});
    const Step rate_at = one.kind == PersonalityKind::Gmail ? Step::EndOfData : Step::Mail;
    for (int i = 0; i < 4; ++i) see(one.kind, limits, state, rate_at);
    const Verdict verdict = see(one.kind, limits, state, one.step, 59min);
    EXPECT_EQ(verdict.reason, Reason::Hold);
    EXPECT_EQ(verdict.action, one.action);
    EXPECT_THAT(verdict.reply, StartsWith(std::string(one.reply)));
    EXPECT_EQ(verdict.delay, one.kind == PersonalityKind::Microsoft ? 4s : 0s);
    EXPECT_EQ(see(one.kind, limits, state, one.step, 60min).reason, Reason::None);
  }
}

TEST(Personality, StrikesOfAnEarlierMinuteAreForgotten) {
  SourceState state;
  const HiddenLimits limits = limits_with({{Trait::Rate, 0.001}, {Trait::Tolerance, 3}});
  see(PersonalityKind::Yahoo, limits, state, Step::Mail, 0s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(see(PersonalityKind::Yahoo, limits, state, Step::Mail, 1s + i * 50s).reason, Reason::Rate) << i;
  }
}

TEST(Personality, CrowdedConnectionIsRefused) {
  const HiddenLimits limits;
  SourceState state;
  EXPECT_EQ(see(PersonalityKind::Apple, limits, state, Step::Connect, 0s, 0, true).action, Action::Reset);
  EXPECT_THAT(see(PersonalityKind::Gmail, limits, state, Step::Connect, 0s, 0, true).reply, StartsWith("421 4.7.0"));
  EXPECT_EQ(see(PersonalityKind::Microsoft, limits, state, Step::Connect, 0s, 0, true).action, Action::Accept);
  const Verdict verdict = see(PersonalityKind::Microsoft, limits, state, Step::Mail, 0s, 0, true);
  EXPECT_THAT(verdict.reply, HasSubstr("451 4.7.652"));
  EXPECT_FALSE(ties_to_source(verdict)) << "the connection was refused, not the mail";
}

TEST(Personality, ConnectionEndsAfterItsMessages) {
  const HiddenLimits limits = limits_with({{Trait::MessagesPerConnection, 20}});
  SourceState state;
  EXPECT_EQ(see(PersonalityKind::Yahoo, limits, state, Step::Mail, 0s, 19).reason, Reason::None);
  EXPECT_EQ(see(PersonalityKind::Yahoo, limits, state, Step::Mail, 0s, 20).action, Action::Drop) << "without a word";
  EXPECT_THAT(see(PersonalityKind::Gmail, limits, state, Step::Mail, 0s, 20).reply, HasSubstr("Connection expired"));
}

TEST(Personality, ComplaintsLowerTheRateAndThenBlock) {
  HiddenLimits limits = limits_with({{Trait::Rate, 100}});
  const auto rate_at = [&](double share) {
    limits.base[index_of(Trait::ComplaintShare)] = share;
    return allowed_rate(limits, kSource, 0s).value();
  };
  EXPECT_DOUBLE_EQ(rate_at(0), 100);
  EXPECT_DOUBLE_EQ(rate_at(0.001), 100);
  EXPECT_DOUBLE_EQ(rate_at(0.002), 55);
  EXPECT_DOUBLE_EQ(rate_at(0.003), 10);
  EXPECT_DOUBLE_EQ(rate_at(0.0099), 10);
  EXPECT_DOUBLE_EQ(rate_at(0.01), 0);
  SourceState state;
  const Verdict verdict = see(PersonalityKind::Gmail, limits, state, Step::EndOfData);
  EXPECT_EQ(verdict.reason, Reason::Complaints);
  EXPECT_THAT(verdict.reply, StartsWith("550 5.7.1"));
  EXPECT_FALSE(ties_to_source(verdict)) << "refused for good";
}

TEST(Personality, BlockListNamesTheSource) {
  const HiddenLimits limits = limits_with({{Trait::Blocked, 1}});
  for (const auto& [kind, reply] : std::vector<std::pair<PersonalityKind, std::string>>{
           {PersonalityKind::Microsoft, "550 5.7.1 Unfortunately, messages from [127.0.1.1]"},
           {PersonalityKind::Gmail, "550 5.7.28"},
           {PersonalityKind::Yahoo, "553 5.7.1 [BL21]"},
           {PersonalityKind::Apple, "554 5.7.1 [CS01]"},
           {PersonalityKind::Plain, "550 5.7.1"}}) {
    SourceState state;
    EXPECT_THAT(see(kind, limits, state, Step::Mail).reply, StartsWith(reply));
  }
  EXPECT_EQ(allowed_rate(limits, kSource, 0s), 0.0);
  EXPECT_FALSE(allowed_rate({}, kSource, 0s)) << "no limit";
}

TEST(Personality, NamesAreReadBack) {
  for (std::size_t i = 0; i < kPersonalityNames.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(*parse_personality(kPersonalityNames[i])), i);
  }
  EXPECT_FALSE(parse_personality("aol"));
}
