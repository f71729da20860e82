// SPDX-License-Identifier: Apache-2.0
#include "report/notice_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/html_text.h"
#include "report/status_fields.h"

namespace penstock::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::vector<std::string> kOwn = {"sender@example.com"};

TEST(SplitNotice, OriginalBeginsAtItsHeaderOrAtTheWordsBefore) {
  const NoticeText by_words =
      split_notice("Failed.\n\n--- Below this line is a copy of the message.\n\nTo: a@b.example\n");
  EXPECT_EQ(by_words.head, "Failed.\n\n");
  EXPECT_THAT(by_words.original, HasSubstr("To: a@b.example"));
  const NoticeText by_header = split_notice("Mislukt.\nReceived: from x by y\nTo: a@b.example\n");
  EXPECT_EQ(by_header.head, "Mislukt.\n");
  EXPECT_EQ(split_notice("The original message was received at noon.\n").original, "");
}

TEST(SplitNotice, QuotedNoticeIsUnquoted) {
  const NoticeText notice = split_notice("> Failed:\n> \n> a@b.example\n> 550 no\n> \n> bye\n");
  EXPECT_THAT(notice.head, HasSubstr("Failed:\n\na@b.example\n"));
}

TEST(FindListed, LineOfItsOwnBeatsAMention) {
  const auto listed = find_listed("Write to help@example.net.\n\n  anna@example.net\n    550 no\n", kOwn);
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].address, "anna@example.net");
  EXPECT_THAT(listed[0].section, HasSubstr("550 no"));
}

TEST(FindListed, SectionsEndAtTheNextAddress) {
  const auto listed = find_listed("<a@example.net>:\n550 no\n\n<b@example.net>:\n552 full\n", kOwn);
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_THAT(listed[0].section, Not(HasSubstr("552")));
  EXPECT_THAT(listed[1].section, HasSubstr("552"));
}

TEST(FindListed, OwnAddressesCountOnlyWhenThereIsNoOther) {
  EXPECT_EQ(find_listed("sender@example.com\na@example.net\n", kOwn).at(0).address, "a@example.net");
  EXPECT_EQ(find_listed("sender@example.com\n", kOwn).at(0).address, "sender@example.com");
  EXPECT_THAT(find_listed("as sender@example.com wrote\n", kOwn), IsEmpty());
}

TEST(FindListed, SendersAndMessageIdsAreNotRecipients) {
  const auto listed =
      find_listed("Message-ID: <1@host.example>\nfrom x@example.org\nUser a@example.net is unknown\n", kOwn);
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].address, "a@example.net");
}

TEST(FindListed, QuotedLocalPartIsWhole) {
  EXPECT_EQ(find_listed("<\"a b\"@example.net>: no\n", kOwn).at(0).address, "\"a b\"@example.net");
}

TEST(AddressOf, TakesOffTypeNameAndRoute) {
  EXPECT_EQ(address_of("rfc822; <a@example.net>"), "a@example.net");
  EXPECT_EQ(address_of("Anna <a@example.net>"), "a@example.net");
  EXPECT_EQ(address_of("rfc822;@relay.example:a@example.net"), "a@example.net");
  EXPECT_EQ(address_of("system;<>"), "");
  EXPECT_EQ(address_of("rfc822;|/usr/bin/filter a@example.net"), "");
}

TEST(ReadHeaderText, UnfoldsAndStopsAtTheBody) {
  const HeaderFields fields = read_header_text("\nTo: a@b.example,\n c@d.example\nSubject: x\n\nX-No: y\n");
  ASSERT_THAT(fields, SizeIs(2));
  EXPECT_EQ(field_value(fields, "to"), "a@b.example, c@d.example");
  EXPECT_THAT(addresses_in(field_value(fields, "To")), ElementsAre("a@b.example", "c@d.example"));
}

TEST(HtmlToText, KeepsWordsAndLines) {
  EXPECT_EQ(html_to_text("<style>x{}</style><p>a&lt;b&gt;<br>c &amp; d&#64;e"), "\na<b>\nc & d@e");
  EXPECT_EQ(html_to_text("a<b"), "a");
}

}  // namespace
}  // namespace penstock::report
