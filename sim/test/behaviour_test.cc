// SPDX-License-Identifier: Apache-2.0
#include "sim/behaviour.h"

#include <gtest/gtest.h>

#include "sim/reaction_words.h"

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;

namespace {

Reaction reply_at(Step step, std::string reply, double share = 1) {
  Reaction reaction;
  reaction.step = step;
  reaction.reply = std::move(reply);
  reaction.share = share;
  return reaction;
}

// The codes of a hundred decisions at RCPT.
std::string hundred(const Behaviour& behaviour, std::uint64_t seed) {
  Rng rng(seed);
  AttemptMemory memory;
  const std::vector<std::string> recipient{"u@a.test"};
  std::string codes;
  for (int i = 0; i < 100; ++i) {
    const Decision decision = decide(behaviour, {Step::Rcpt, "127.0.0.1", "s@b.test", recipient}, rng, memory);
    codes += decision.action == Action::Accept ? '2' : decision.reply[0];
  }
  return codes;
}

}  // namespace

TEST(Behaviour, SameSeedDecidesTheSame) {
  Behaviour behaviour;
  behaviour.reactions = {reply_at(Step::Rcpt, "451 later", 0.3), reply_at(Step::Rcpt, "550 no", 0.3)};
  EXPECT_EQ(hundred(behaviour, 1), hundred(behaviour, 1));
  EXPECT_NE(hundred(behaviour, 1), hundred(behaviour, 2));
}

TEST(Behaviour, ShareIsKeptRoughly) {
  Behaviour behaviour;
  behaviour.reactions = {reply_at(Step::Rcpt, "451 later", 0.2)};
  Rng rng(1);
  AttemptMemory memory;
  int deferred = 0;
  for (int i = 0; i < 10'000; ++i) {
    deferred += decide(behaviour, {Step::Rcpt, "127.0.0.1", "", {}}, rng, memory).action == Action::Reply ? 1 : 0;
  }
  EXPECT_NEAR(deferred, 2000, 200);
}

TEST(Behaviour, FirstThatAppliesDecidesAndDelaysAddUp) {
  Behaviour behaviour;
  behaviour.latency.fill(1ms);
  Reaction slow;
  slow.action = Action::Delay;
  slow.delay = 5ms;
  Reaction full = reply_at(Step::Rcpt, "452 full");
  full.recipient = "full*@*";
  full.delay = 10ms;
  behaviour.reactions = {slow, full, reply_at(Step::Rcpt, "550 no")};
  Rng rng(1);
  AttemptMemory memory;
  const std::vector<std::string> recipient{"FULL9@a.test"};
  const Decision decision = decide(behaviour, {Step::Rcpt, "127.0.0.1", "", recipient}, rng, memory);
  EXPECT_EQ(decision.reply, "452 full");
  EXPECT_EQ(decision.delay, 16ms);
}

TEST(Behaviour, SenderAndSourceMustMatchToo) {
  Behaviour behaviour;
  Reaction reaction = reply_at(Step::Mail, "550 no");
  reaction.sender = "*@spam.test";
  reaction.source = "127.0.9.*";
  behaviour.reactions = {reaction};
  Rng rng(1);
  AttemptMemory memory;
  const auto action = [&](std::string_view source, std::string_view sender) {
    return decide(behaviour, {Step::Mail, source, sender, {}}, rng, memory).action;
  };
  EXPECT_EQ(action("127.0.9.1", "a@spam.test"), Action::Reply);
  EXPECT_EQ(action("127.0.8.1", "a@spam.test"), Action::Accept);
  EXPECT_EQ(action("127.0.9.1", "a@ham.test"), Action::Accept);
}

TEST(Behaviour, GreylistAcceptsTheSecondAttemptFromTheSameNetwork) {
  Behaviour behaviour;
  Reaction grey = reply_at(Step::Rcpt, "451 greylisted");
  grey.first = 1;
  behaviour.reactions = {grey};
  Rng rng(1);
  AttemptMemory memory;
  const auto action = [&](std::string_view source, std::string recipient) {
    const std::vector<std::string> recipients{std::move(recipient)};
    return decide(behaviour, {Step::Rcpt, source, "s@b.test", recipients}, rng, memory).action;
  };
  EXPECT_EQ(action("127.0.0.1", "u@a.test"), Action::Reply);
  EXPECT_EQ(action("127.0.0.2", "u@a.test"), Action::Accept);
  EXPECT_EQ(action("127.0.0.1", "other@a.test"), Action::Reply);
  EXPECT_EQ(action("127.0.7.1", "u@a.test"), Action::Reply);
}

TEST(Reply, EachLineGetsItsCode) {
  EXPECT_EQ(parse_reply("421 4.7.0 one\ntwo"), "421 4.7.0 one\n421 two");
  EXPECT_EQ(parse_reply("421 one\n421 two"), "421 one\n421 two");
  for (const char* bad : {"", "later", "45 x", "451", "951 x", "421 one\n550 two", "421 a\r\n"}) {
    EXPECT_FALSE(parse_reply(bad)) << bad;
  }
}

TEST(ReactionWords, ReadTheSameAsTheScenario) {
  std::map<std::string, std::string> words{{"step", "rcpt"}, {"reply", "450 4.2.0 later"}, {"share", "0.5"},
                                           {"delay", "2s"},  {"recipient", "a*"},          {"down", "true"}};
  const auto reaction = take_reaction(words);
  ASSERT_TRUE(reaction && *reaction);
  EXPECT_EQ((*reaction)->action, Action::Reply);
  EXPECT_EQ((*reaction)->share, 0.5);
  EXPECT_EQ((*reaction)->delay, 2s);
  EXPECT_EQ(words.size(), 1U) << "what is not the reaction's stays";
  for (const char* key : {"share", "action", "reply", "delay", "first"}) {
    std::map<std::string, std::string> bad{{"step", "rcpt"}, {"action", "drop"}};
    bad[key] = "nonsense";
    EXPECT_FALSE(take_reaction(bad)) << key;
  }
}
