// SPDX-License-Identifier: Apache-2.0
#include "sim/receiver_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class Recorder final : public SessionSink {
 public:
  struct Taken {
    std::string sender;
    std::string sim_id;
    std::vector<std::string> recipients;
    std::string content;
    std::uint64_t bytes;
  };
  bool take_message_permit() override { return permits-- > 0; }
  void arrived(const Arrival& arrival) override {
    taken.push_back({std::string(arrival.sender),
                     std::string(arrival.sim_id),
                     {arrival.recipients.begin(), arrival.recipients.end()},
                     std::string(arrival.content),
                     arrival.bytes});
  }
  void refused(Step step, std::string_view reply) override {
    refusals.push_back(std::string(model::to_string(step)) + " " + std::string(reply));
  }
  void cut(Step step) override { cuts.emplace_back(model::to_string(step)); }
  void violated(Violation violation) override { violations.push_back(violation); }

  Verdict judge(const Occasion& occasion, std::uint64_t) override {
    seen.push_back(std::string(model::to_string(occasion.step)) + " " + std::to_string(occasion.recipients.size()));
    return occasion.step == refuse_at ? verdict : Verdict{};
  }
  void named(std::string_view, std::string_view recipient) override { names.emplace_back(recipient); }

  Step refuse_at = Step::Quit;
  Verdict verdict{Action::Reply, "451 4.7.650 slow down", Duration{0}, Reason::Rate};
  std::vector<std::string> seen;
  std::vector<std::string> names;
  int permits = 1000;
  std::vector<Taken> taken;
  std::vector<std::string> refusals;
  std::vector<std::string> cuts;
  std::vector<Violation> violations;
};

// Feeds a session and collects what it says, line ends written as " | ".
class Dialog {
 public:
  explicit Dialog(Behaviour behaviour = {}, bool admitted = true)
      : session_({"mx.test", "127.0.0.9", true, true}, std::make_shared<const Behaviour>(std::move(behaviour)), 1, sink,
                 memory_) {
    next = session_.start(admitted);
    collect();
  }
  // Returns what was said in answer.
  std::string say(std::string_view text) {
    unread_ += text;
    std::string_view view = unread_;
    next = session_.on_bytes(view);
    unread_ = std::string(view);
    return collect();
  }
  std::string banner() { return banner_; }
  Recorder sink;
  Next next;

 private:
  std::string collect() {
    std::string said;
    for (const char c : session_.output()) {
      if (c == '\n') said += "| ";
      if (c != '\r' && c != '\n') said += c;
    }
    session_.output().clear();
    if (banner_.empty()) banner_ = said;
    return said;
  }
  AttemptMemory memory_;
  ReceiverSession session_;
  std::string unread_;
  std::string banner_;
};

constexpr std::string_view kEnvelope = "MAIL FROM:<s@b.test>\r\nRCPT TO:<u@a.test>\r\nDATA\r\n";
constexpr std::string_view kText = "X-Sim-Id: run-1\r\n\r\n..dot\r\nend\r\n.\r\n";

Reaction act_at(Step step, Action action, std::string reply = {}) {
  Reaction reaction;
  reaction.step = step;
  reaction.action = action;
  reaction.reply = std::move(reply);
  return reaction;
}

}  // namespace

TEST(ReceiverSession, TakesAMessage) {
  Dialog dialog;
  EXPECT_EQ(dialog.banner(), "220 mx.test ESMTP penstock-sim| ");
  EXPECT_THAT(dialog.say("EHLO me.test\r\n"), HasSubstr("250-SIZE 52428800| "));
  EXPECT_EQ(dialog.say(kEnvelope), "250 2.1.0 sender ok| 250 2.1.5 recipient ok| 354 go ahead| ");
  EXPECT_EQ(dialog.say(kText), "250 2.0.0 accepted| ");
  ASSERT_EQ(dialog.sink.taken.size(), 1U);
  EXPECT_EQ(dialog.sink.taken[0].sim_id, "run-1");
  EXPECT_EQ(dialog.sink.taken[0].sender, "s@b.test");
  EXPECT_EQ(dialog.sink.taken[0].content, "X-Sim-Id: run-1\r\n\r\n.dot\r\nend\r\n");
  EXPECT_THAT(dialog.sink.taken[0].recipients, ElementsAre("u@a.test"));
  EXPECT_EQ(dialog.say("QUIT\r\n"), "221 2.0.0 bye| ");
  EXPECT_EQ(dialog.next.kind, Next::Kind::Close);
  EXPECT_TRUE(dialog.sink.violations.empty());
}

TEST(ReceiverSession, EveryCutOfTheBytesGivesTheSame) {
  const std::string all = "EHLO me.test\r\n" + std::string(kEnvelope) + std::string(kText) + "NOOP\r\n";
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    Dialog dialog;
    std::string said = dialog.say(all.substr(0, cut));
    said += dialog.say(all.substr(cut));
    EXPECT_THAT(said, testing::EndsWith("354 go ahead| 250 2.0.0 accepted| 250 2.0.0 still here| ")) << cut;
    ASSERT_EQ(dialog.sink.taken.size(), 1U) << cut;
    EXPECT_EQ(dialog.sink.taken[0].content, "X-Sim-Id: run-1\r\n\r\n.dot\r\nend\r\n") << cut;
    EXPECT_EQ(dialog.sink.taken[0].sim_id, "run-1") << cut;
  }
}

TEST(ReceiverSession, OnlyDotBetweenLineEndsClosesTheText) {
  Dialog dialog;
  dialog.say("EHLO me\r\n");
  dialog.say(kEnvelope);
  EXPECT_EQ(dialog.say("a\n.\nb\n.\r\nc\r\n.\nd\r\n..\r\n"), "");
  EXPECT_EQ(dialog.say(".\r\n"), "250 2.0.0 accepted| ");
  EXPECT_THAT(dialog.sink.violations, ElementsAre(Violation::Protocol)) << "bare line feeds are noticed";
}

TEST(ReceiverSession, SimIdIsLookedForInTheHeaderOnly) {
  Dialog dialog;
  dialog.say("EHLO me\r\n");
  dialog.say(kEnvelope);
  dialog.say("Subject: x\r\nx-sim-id:  run-7 \r\n\r\nX-Sim-Id: body\r\n.\r\n");
  EXPECT_EQ(dialog.sink.taken.at(0).sim_id, "run-7");
}

TEST(ReceiverSession, ReactionAtEachStepIsSaidAndCounted) {
  for (const Step step : {Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::EndOfData}) {
    Behaviour behaviour;
    behaviour.reactions = {act_at(step, Action::Reply, "451 4.3.0 later")};
    Dialog dialog(behaviour);
    std::string said;
    for (const std::string_view line :
         {"EHLO me\r\n", "MAIL FROM:<s@b.test>\r\n", "RCPT TO:<u@a.test>\r\n", "DATA\r\n"}) {
      said += dialog.say(line);
    }
    if (step == Step::EndOfData) said += dialog.say(".\r\n");
    EXPECT_THAT(said, HasSubstr("451 4.3.0 later")) << model::to_string(step);
    EXPECT_EQ(dialog.sink.refusals.at(0), std::string(model::to_string(step)) + " 451 4.3.0 later");
    EXPECT_TRUE(dialog.sink.taken.empty());
  }
}

TEST(ReceiverSession, CutAtEachStepSaysNothing) {
  for (const Step step :
       {Step::Connect, Step::Banner, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::EndOfData}) {
    Behaviour behaviour;
    behaviour.reactions = {act_at(step, Action::Reset)};
    Dialog dialog(behaviour);
    for (const std::string_view line :
         {"EHLO me\r\n", "MAIL FROM:<s@b.test>\r\n", "RCPT TO:<u@a.test>\r\n", "DATA\r\n", ".\r\n"}) {
      if (dialog.next.kind == Next::Kind::Read) dialog.say(line);
    }
    EXPECT_EQ(dialog.next.kind, Next::Kind::Reset) << model::to_string(step);
    EXPECT_THAT(dialog.sink.cuts, ElementsAre(std::string(model::to_string(step))));
    EXPECT_TRUE(dialog.sink.taken.empty());
  }
}

TEST(ReceiverSession, AcceptDropTakesTheMessageAndHidesTheAnswer) {
  Behaviour behaviour;
  behaviour.reactions = {act_at(Step::EndOfData, Action::AcceptDrop)};
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\n");
  dialog.say(kEnvelope);
  EXPECT_EQ(dialog.say(kText), "");
  EXPECT_EQ(dialog.next.kind, Next::Kind::Close);
  EXPECT_EQ(dialog.sink.taken.size(), 1U);
}

TEST(ReceiverSession, DelayedAnswerComesAfterTheWaitAndKeepsTheOrder) {
  Behaviour behaviour;
  behaviour.latency[*step_index(Step::Rcpt)] = 5ms;
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\n");
  EXPECT_EQ(dialog.say(kEnvelope), "250 2.1.0 sender ok| ");
  EXPECT_EQ(dialog.next.kind, Next::Kind::Wait);
  EXPECT_EQ(dialog.next.wait, 5ms);
  EXPECT_EQ(dialog.say(""), "250 2.1.5 recipient ok| 354 go ahead| ");
}

TEST(ReceiverSession, Reply421ClosesAndMultiLineRepliesAreHyphenated) {
  Behaviour behaviour;
  behaviour.reactions = {act_at(Step::Rcpt, Action::Reply, "421 4.7.0 busy\n421 come back")};
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\n");
  EXPECT_THAT(dialog.say(kEnvelope), testing::EndsWith("421-4.7.0 busy| 421 come back| "));
  EXPECT_EQ(dialog.next.kind, Next::Kind::Close);
}

TEST(ReceiverSession, LimitsAreAnsweredAndCounted) {
  Behaviour behaviour;
  behaviour.max_messages_per_connection = 1;
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\n");
  dialog.say(kEnvelope);
  dialog.say(kText);
  EXPECT_THAT(dialog.say("MAIL FROM:<s@b.test>\r\n"), HasSubstr("421 4.7.0 too many messages"));
  EXPECT_EQ(dialog.next.kind, Next::Kind::Close);
  Dialog slow;
  slow.sink.permits = 0;
  slow.say("EHLO me\r\n");
  EXPECT_THAT(slow.say("MAIL FROM:<s@b.test>\r\n"), HasSubstr("451 4.7.1 too many messages"));
  Dialog crowded({}, false);
  EXPECT_EQ(crowded.next.kind, Next::Kind::Close);
  EXPECT_THAT(crowded.sink.violations, ElementsAre(Violation::Connections));
}

TEST(ReceiverSession, WhatWasNotOfferedIsAViolation) {
  Behaviour plain;
  plain.extensions = 0;
  Dialog dialog(plain);
  EXPECT_EQ(dialog.say("EHLO me\r\n"), "250 mx.test| ");
  EXPECT_EQ(dialog.say("MAIL FROM:<s@b.test> BODY=8BITMIME\r\n"), "555 what is that| ");
  EXPECT_EQ(dialog.say("MAIL FROM:<s@b.test>\r\nRCPT TO:<u@a.test>\r\n"), "250 sender ok| 250 recipient ok| ");
  EXPECT_EQ(dialog.sink.violations.size(), 2U) << "a parameter, and pipelining";
}

TEST(ReceiverSession, SizeIsEnforcedAtMailAndAfterTheText) {
  Behaviour behaviour;
  behaviour.size_limit = 10;
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\n");
  EXPECT_THAT(dialog.say("MAIL FROM:<s@b.test> SIZE=11\r\n"), HasSubstr("552"));
  dialog.say(kEnvelope);
  EXPECT_THAT(dialog.say(kText), HasSubstr("552"));
  EXPECT_TRUE(dialog.sink.taken.empty());
}

TEST(ReceiverSession, BdatIsTakenInChunks) {
  Dialog dialog;
  dialog.say("EHLO me\r\nMAIL FROM:<s@b.test>\r\nRCPT TO:<u@a.test>\r\n");
  EXPECT_EQ(dialog.say("BDAT 5\r\nX-Sim"), "250 2.0.0 chunk taken| ");
  EXPECT_EQ(dialog.say("BDAT 13 LAST\r\n-Id: r-3\r\n\r\n."), "250 2.0.0 accepted| ");
  EXPECT_EQ(dialog.sink.taken.at(0).sim_id, "r-3");
  EXPECT_EQ(dialog.sink.taken.at(0).bytes, 18U);
}

TEST(ReceiverSession, LmtpAnswersForEachRecipient) {
  Behaviour behaviour;
  behaviour.lmtp = true;
  Reaction full = act_at(Step::EndOfData, Action::Reply, "452 4.2.2 full");
  full.recipient = "full@*";
  behaviour.reactions = {full};
  Dialog dialog(behaviour);
  EXPECT_THAT(dialog.say("EHLO me\r\n"), HasSubstr("500"));
  dialog.say("LHLO me\r\nMAIL FROM:<s@b.test>\r\nRCPT TO:<a@a.test>\r\nRCPT TO:<full@a.test>\r\nDATA\r\n");
  EXPECT_EQ(dialog.say(kText), "250 2.0.0 accepted for a@a.test| 452 4.2.2 full| ");
  EXPECT_THAT(dialog.sink.taken.at(0).recipients, ElementsAre("a@a.test"));
}

TEST(ReceiverSession, OrderOfCommandsIsEnforced) {
  Dialog dialog;
  EXPECT_THAT(dialog.say("MAIL FROM:<s@b.test>\r\n"), HasSubstr("503"));
  dialog.say("EHLO me\r\n");
  EXPECT_THAT(dialog.say("RCPT TO:<u@a.test>\r\n"), HasSubstr("503"));
  EXPECT_THAT(dialog.say("DATA\r\n"), HasSubstr("503"));
  EXPECT_THAT(dialog.say("MAIL FROM: <s@b.test>\r\n"), HasSubstr("555"));
  EXPECT_THAT(dialog.say("NONSENSE\r\n"), HasSubstr("500"));
  EXPECT_THAT(dialog.say("NOOP\n"), HasSubstr("500"));
  dialog.say(std::string(5000, 'x'));
  EXPECT_EQ(dialog.next.kind, Next::Kind::Close);
}

TEST(ReceiverSession, ProviderIsAskedAtConnectMailAndEndOfData) {
  Dialog dialog;
  dialog.say("EHLO me\r\n");
  dialog.say(kEnvelope);
  dialog.say(kText);
  EXPECT_THAT(dialog.sink.seen, ElementsAre("connect 0", "mail 1", "end-of-data 1"));
  EXPECT_THAT(dialog.sink.names, ElementsAre("u@a.test"));
}

TEST(ReceiverSession, RefusalOfTheProviderIsSaidAndKnowsWhoWasPipelined) {
  Dialog dialog;
  dialog.sink.refuse_at = Step::Mail;
  dialog.say("EHLO me\r\n");
  EXPECT_THAT(dialog.say(kEnvelope), HasSubstr("451 4.7.650 slow down| 503 5.5.1"));
  EXPECT_THAT(dialog.sink.refusals.at(0), HasSubstr("mail 451 4.7.650"));
  dialog.sink.refuse_at = Step::EndOfData;
  dialog.say(kEnvelope);
  EXPECT_EQ(dialog.say(kText), "451 4.7.650 slow down| ");
  EXPECT_TRUE(dialog.sink.taken.empty());
}

TEST(ReceiverSession, HalfReplyStopsInTheMiddle) {
  Behaviour behaviour;
  behaviour.reactions = {act_at(Step::Rcpt, Action::HalfReply)};
  Dialog dialog(behaviour);
  dialog.say("EHLO me\r\nMAIL FROM:<s@b.test>\r\n");
  EXPECT_EQ(dialog.say("RCPT TO:<u@a.test>\r\n"), "250 2.1.5 r");
  EXPECT_EQ(dialog.next.kind, Next::Kind::Hang);
  EXPECT_THAT(dialog.sink.cuts, ElementsAre("rcpt"));
}
