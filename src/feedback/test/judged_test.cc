// SPDX-License-Identifier: Apache-2.0
#include "feedback/judged.h"

#include <gtest/gtest.h>

namespace penstock::feedback {
namespace {

using model::OutcomeClass;
using report::ReportAction;
using report::ReportedRecipient;

ReportedRecipient failed(std::uint16_t code, model::EnhancedStatus enhanced, std::string text) {
  ReportedRecipient recipient;
  recipient.address = "user@example.com";
  recipient.action = ReportAction::Failed;
  recipient.reply = {code, enhanced, text};
  recipient.diagnostic = std::move(text);
  return recipient;
}

TEST(Judged, StatedStatusIsKept) {
  ReportedRecipient recipient = failed(550, {5, 1, 1}, "no such user");
  recipient.status = {5, 1, 10};
  EXPECT_EQ(judge(recipient, *classify::Classifier::shipped()).status, (model::EnhancedStatus{5, 1, 10}));
  EXPECT_EQ(judge(recipient, *classify::Classifier::shipped()).outcome_class, OutcomeClass::InvalidMailbox);
}

TEST(Judged, MissingStatusComesFromCodeAndClass) {
  const Judged judged = judge(failed(550, {}, "550 mailbox unavailable"), *classify::Classifier::shipped());
  EXPECT_EQ(judged.outcome_class, OutcomeClass::InvalidMailbox);
  EXPECT_EQ(judged.status, (model::EnhancedStatus{5, 1, 1}));
}

TEST(Judged, FullMailboxWithoutACodeMayPass) {
  const auto classifier = classify::Classifier::shipped();
  EXPECT_EQ(judge(failed(0, {}, "mailbox quota usage exceeded"), *classifier).status, (model::EnhancedStatus{4, 2, 2}));
  EXPECT_EQ(judge(failed(552, {}, "552 mailbox full"), *classifier).status, (model::EnhancedStatus{5, 2, 2}));
}

TEST(Judged, WaitingMailWithoutAStatusIsFourTwoZero) {
  ReportedRecipient recipient = failed(451, {}, "451 spam not accepted");
  recipient.action = ReportAction::Delayed;
  EXPECT_EQ(judge(recipient, *classify::Classifier::shipped()).status, (model::EnhancedStatus{4, 2, 0}));
  recipient.status = {4, 4, 1};
  EXPECT_EQ(judge(recipient, *classify::Classifier::shipped()).status, (model::EnhancedStatus{4, 4, 1}));
}

TEST(Judged, SuccessHasNoClass) {
  ReportedRecipient recipient = failed(0, {}, "");
  recipient.action = ReportAction::Relayed;
  recipient.status = {2, 1, 9};
  EXPECT_EQ(judge(recipient, *classify::Classifier::shipped()).outcome_class, OutcomeClass::None);
}

}  // namespace
}  // namespace penstock::feedback
