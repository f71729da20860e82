// SPDX-License-Identifier: Apache-2.0
#include "classify/said.h"

#include <gtest/gtest.h>

using namespace penstock::classify;
using penstock::model::EnhancedStatus;
using penstock::model::Step;

namespace {

constexpr std::size_t kMost = 2048;

Said quote(std::string_view text) {
  Said said;
  read_quoted(text, kMost, said);
  return said;
}

}  // namespace

TEST(Said, ReplyIsInLowerCaseOnOneLine) {
  Said said;
  normalise({550, {5, 1, 1}, "No  Such\tUser\nhere "}, Step::Rcpt, kMost, said);
  EXPECT_EQ(said.code, 550);
  EXPECT_EQ(said.enhanced, (EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(said.text, "no such user here");
  EXPECT_EQ(said.step, Step::Rcpt);
}

TEST(Said, QuotedRepliesAreTakenApart) {
  struct Case {
    std::string_view quoted;
    int code;
    EnhancedStatus enhanced;
    std::string_view text;
  };
  const Case cases[] = {
      {"550 5.1.1 User unknown", 550, {5, 1, 1}, "user unknown"},
      {"550-5.7.1 one\n550 5.7.1 two", 550, {5, 7, 1}, "one two"},
      {"550-5.7.1 one 550-5.7.1 two 550 5.7.1 three", 550, {5, 7, 1}, "one two three"},
      {"smtp; 550 No such user", 550, {}, "no such user"},
      {"smtp;550-5.2.2 full", 550, {5, 2, 2}, "full"},
      {"host mx.example.com[192.0.2.1] said: 450 4.2.0 later", 450, {4, 2, 0}, "later"},
      {"5.2.3 Message too large", 0, {5, 2, 3}, "message too large"},
      {"550 sorry, no mailbox here by that name. (#5.1.1)",
       550,
       {5, 1, 1},
       "sorry, no mailbox here by that name. (#5.1.1)"},
      {"550 #5.1.0 Address rejected.", 550, {5, 1, 0}, "#5.1.0 address rejected."},
      {"delivery to 500 recipients failed", 0, {}, "delivery to 500 recipients failed"},
      {"X-Unix; 255", 0, {}, "x-unix; 255"},
      {"550", 550, {}, ""},
      {"", 0, {}, ""},
      {"550 isn\"t `here`", 550, {}, "isn't 'here'"},
      {"550 isn\xe2\x80\x99t here", 550, {}, "isn't here"},
      {"550 Boîte pleine, ПОЧТОВЫЙ", 550, {}, "boite pleine, почтовый"},
      {"550 a\x01\x7f b", 550, {}, "a b"},
  };
  for (const Case& c : cases) {
    const Said said = quote(c.quoted);
    EXPECT_EQ(said.code, c.code) << c.quoted;
    EXPECT_EQ(said.enhanced, c.enhanced) << c.quoted;
    EXPECT_EQ(said.text, c.text) << c.quoted;
    EXPECT_FALSE(said.step) << c.quoted;
  }
}

TEST(Said, OtherCodesWithinTheTextStay) {
  EXPECT_EQ(quote("550 a 554 b").text, "a 554 b");
  EXPECT_EQ(quote("550 5.1.1 a 5.2.2 b").text, "a 5.2.2 b");
}

TEST(Said, StepIsReadFromTheQuote) {
  const Said said = quote("550 no (in reply to RCPT TO command)");
  EXPECT_EQ(said.step, Step::Rcpt);
  EXPECT_EQ(said.text, "no");
  EXPECT_EQ(quote("550 no (in reply to end of DATA command)").step, Step::EndOfData);
  EXPECT_EQ(quote("550 no (in reply to MAIL FROM command)").step, Step::Mail);
  EXPECT_FALSE(quote("550 no (in reply to something else)").step);
  EXPECT_EQ(quote("SMTP error from remote mail server after RCPT TO:<a@b>: 550 no").step, Step::Rcpt);
  EXPECT_EQ(quote("SMTP error from remote mail server after initial connection: 554 no").step, Step::Banner);
  EXPECT_EQ(quote("host mx[192.0.2.9] refused to talk to me: 554 no").step, Step::Banner);
}

TEST(Said, LongTextIsCut) {
  const Said said = quote("550 " + std::string(10 * kMost, 'a'));
  EXPECT_LE(said.text.size(), kMost);
}

TEST(Said, BytesOfAllValuesAreTaken) {
  std::string text = "550 ";
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  EXPECT_EQ(quote(text).code, 550);
}
