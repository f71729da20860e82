// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "report/parts.h"
#include "report/test/report_reader.h"

namespace penstock::report {
namespace {

Part text_for(const DsnRecipient& recipient) {
  model::Envelope envelope;
  envelope.sender = "a@b.example";
  envelope.recipients = {{.address = "user@example.org", .original = ""}};
  return make_text_part({.envelope = envelope,
                         .reporting_host = "mta1.example.com",
                         .recipients = {&recipient, 1},
                         .original = "",
                         .id = "1",
                         .time = Time{}});
}

TEST(TextPart, EveryClassReadsWellInEightyColumns) {
  for (int i = 0; i <= static_cast<int>(model::OutcomeClass::Other); ++i) {
    const auto outcome_class = static_cast<model::OutcomeClass>(i);
    for (const DsnAction action :
         {DsnAction::Failed, DsnAction::Delayed, DsnAction::Delivered, DsnAction::Relayed, DsnAction::Expanded}) {
      const Part part = text_for({.index = 0,
                                  .action = action,
                                  .outcome = {.outcome_class = outcome_class, .reply = {550, {}, "no"}},
                                  .remote_host = "mx.example.org"});
      EXPECT_EQ(part.encoding, "7bit");
      std::size_t begin = 0;
      while (begin < part.content.size()) {
        const std::size_t end = part.content.find("\r\n", begin);
        ASSERT_NE(end, std::string::npos);
        EXPECT_LE(end - begin, 80U) << part.content.substr(begin, end - begin);
        begin = end + 2;
      }
      EXPECT_NE(part.content.find("mx.example.org said:\r\n        550 no\r\n"), std::string::npos);
    }
  }
}

TEST(TextPart, WithoutAnAnswerTheWordsAreOurs) {
  const Part part = text_for({.outcome = {.outcome_class = model::OutcomeClass::Dns, .reply = {0, {}, "NXDOMAIN"}}});
  EXPECT_NE(part.content.find("    What happened:\r\n        NXDOMAIN\r\n"), std::string::npos);
  EXPECT_EQ(part.content.find("said"), std::string::npos);
  EXPECT_EQ(text_for({.outcome = {.outcome_class = model::OutcomeClass::Dns, .reply = {}}}).content.find("What"),
            std::string::npos);
}

TEST(TextPart, WaitingTimeIsSaidForDelaysOnly) {
  const Time until{std::chrono::seconds{1767323045}};
  EXPECT_NE(text_for({.action = DsnAction::Delayed, .will_retry_until = until}).content.find("tried until Fri, 02 Jan"),
            std::string::npos);
  EXPECT_EQ(text_for({.action = DsnAction::Failed, .will_retry_until = until}).content.find("tried until"),
            std::string::npos);
}

TEST(TextPart, LongRepliesAreCutAtTheBound) {
  const Part part = text_for({.outcome = {.reply = {550, {}, std::string(100'000, 'x')}}});
  expect_tidy_lines(part.content);
  EXPECT_LT(part.content.size(), kReplyBytesMax + 1000);
}

}  // namespace
}  // namespace penstock::report
