// SPDX-License-Identifier: Apache-2.0
#include "report/status_text.h"

#include <gtest/gtest.h>

namespace penstock::report {
namespace {

struct ReplyCase {
  const char* text;
  int code;
  const char* status;
  const char* words;
};

class QuotedReplies : public ::testing::TestWithParam<ReplyCase> {};

TEST_P(QuotedReplies, AreFound) {
  const QuotedReply found = find_reply(GetParam().text);
  EXPECT_EQ(found.reply.code, GetParam().code) << GetParam().text;
  EXPECT_EQ(found.reply.enhanced.to_string(), GetParam().status) << GetParam().text;
  EXPECT_EQ(found.reply.text, GetParam().words) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, QuotedReplies,
    ::testing::Values(ReplyCase{"550 5.1.1 no such user", 550, "5.1.1", "no such user"},
                      ReplyCase{"host [192.0.2.55] said: 451-4.7.1 later", 451, "4.7.1", "later"},
                      ReplyCase{"Sorry. (#5.1.1)", 0, "5.1.1", ")"}, ReplyCase{"554 554 5.7.0 no", 554, "5.7.0", "no"},
                      ReplyCase{"550 Message refused", 550, "", "Message refused"},
                      ReplyCase{"sent by 5.1.1.7 at 10.550.0.1, version 4.61b", 0, "",
                                "sent by 5.1.1.7 at 10.550.0.1, version 4.61b"},
                      ReplyCase{"not delivered for 550 hours", 0, "", "not delivered for 550 hours"},
                      ReplyCase{"553 5.0.0 x 553 5.3.0 y", 553, "5.3.0", "y"}, ReplyCase{"", 0, "", ""}));

TEST(FindStatus, TakesTheFirstAndNothingElse) {
  EXPECT_EQ(find_status("5.1.1 (bad mailbox)").to_string(), "5.1.1");
  EXPECT_EQ(find_status("#4.4.1").to_string(), "4.4.1");
  EXPECT_EQ(find_status("3.1.1"), model::EnhancedStatus{});
  EXPECT_EQ(find_status("5.1"), model::EnhancedStatus{});
}

TEST(Squeeze, MakesOneLineAndKeepsUtf8) {
  EXPECT_EQ(squeeze(" a\n\t b ", 100), "a b");
  EXPECT_EQ(squeeze("é", 100), "é");
  EXPECT_EQ(squeeze("\xE9", 100), "?");
  EXPECT_EQ(squeeze("abcdef", 3), "abc");
}

}  // namespace
}  // namespace penstock::report
