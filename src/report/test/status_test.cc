// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "report/dsn.h"

namespace penstock::report {
namespace {

using model::OutcomeClass;
using model::Step;

std::string status(DsnAction action, OutcomeClass outcome_class, model::Reply reply, Step step = Step::Rcpt) {
  return status_for(action, {.step = step, .outcome_class = outcome_class, .reply = std::move(reply)}).to_string();
}

TEST(StatusFor, TheReplysOwnCodeIsReportedWhenItFits) {
  EXPECT_EQ(status(DsnAction::Failed, OutcomeClass::Policy, {550, {5, 7, 26}, ""}), "5.7.26");
  EXPECT_EQ(status(DsnAction::Delayed, OutcomeClass::MailboxFull, {452, {4, 2, 2}, ""}), "4.2.2");
  EXPECT_EQ(status(DsnAction::Relayed, OutcomeClass::None, {250, {2, 6, 0}, ""}), "2.6.0");
  // A bounce made of a temporary reply, by rule or by hand.
  EXPECT_EQ(status(DsnAction::Failed, OutcomeClass::Policy, {451, {4, 7, 1}, ""}), "4.7.1");
}

TEST(StatusFor, ACodeOfAnotherClassIsNotBelieved) {
  EXPECT_EQ(status(DsnAction::Failed, OutcomeClass::InvalidMailbox, {550, {4, 1, 8}, ""}), "5.1.1");
  EXPECT_EQ(status(DsnAction::Delivered, OutcomeClass::None, {250, {5, 0, 0}, ""}), "2.0.0");
  EXPECT_EQ(status(DsnAction::Delayed, OutcomeClass::Other, {550, {5, 0, 0}, ""}), "4.0.0");
}

TEST(StatusFor, WithoutACodeTheClassDecides) {
  const std::pair<OutcomeClass, std::string_view> table[] = {
      {OutcomeClass::InvalidMailbox, "5.1.1"},
      {OutcomeClass::InvalidDomain, "5.1.2"},
      {OutcomeClass::InactiveMailbox, "5.2.1"},
      {OutcomeClass::MailboxFull, "5.2.2"},
      {OutcomeClass::MessageTooLarge, "5.3.4"},
      {OutcomeClass::Dns, "5.4.3"},
      {OutcomeClass::Routing, "5.4.4"},
      {OutcomeClass::RateLimit, "5.4.5"},
      {OutcomeClass::Protocol, "5.5.0"},
      {OutcomeClass::ContentRejected, "5.6.0"},
      {OutcomeClass::Tls, "5.7.0"},
      {OutcomeClass::Suppressed, "5.7.1"},
      {OutcomeClass::ServerTrouble, "5.3.0"},
      {OutcomeClass::Other, "5.0.0"},
  };
  for (const auto& [outcome_class, wanted] : table) {
    EXPECT_EQ(status(DsnAction::Failed, outcome_class, {550, {}, ""}), wanted) << to_string(outcome_class);
  }
}

TEST(StatusFor, AnUnreachableHostDependsOnHowFarItGot) {
  EXPECT_EQ(status(DsnAction::Delayed, OutcomeClass::Network, {}, Step::Connect), "4.4.1");
  EXPECT_EQ(status(DsnAction::Delayed, OutcomeClass::Timeout, {}, Step::Connect), "4.4.1");
  EXPECT_EQ(status(DsnAction::Delayed, OutcomeClass::Network, {}, Step::EndOfData), "4.4.2");
}

TEST(StatusFor, AnExpiryIsSaidWhateverTheLastReplyWas) {
  EXPECT_EQ(status(DsnAction::Failed, OutcomeClass::Expired, {}), "4.4.7");
  EXPECT_EQ(status(DsnAction::Failed, OutcomeClass::Expired, {451, {4, 7, 1}, ""}), "4.4.7");
}

TEST(DsnAction, WordsAreThoseOfTheRfc) {
  EXPECT_EQ(to_string(DsnAction::Failed), "failed");
  EXPECT_EQ(to_string(DsnAction::Delayed), "delayed");
  EXPECT_EQ(to_string(DsnAction::Delivered), "delivered");
  EXPECT_EQ(to_string(DsnAction::Relayed), "relayed");
  EXPECT_EQ(to_string(DsnAction::Expanded), "expanded");
}

}  // namespace
}  // namespace penstock::report
