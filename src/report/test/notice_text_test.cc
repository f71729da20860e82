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

TEST(SplitNotice, SomeFieldsOfTheOriginalMayStandBeforeTheReport) {
  const NoticeText notice = split_notice(
      "You sent a message with the following header fields:\n\n  Return-path: <s@x.example>\n  To: a@b.example\n\n"
      "It failed for a@b.example.\n\nReceived: from x by y\nTo: c@d.example\n");
  EXPECT_THAT(notice.head, HasSubstr("It failed for a@b.example."));
  EXPECT_THAT(notice.original, HasSubstr("To: c@d.example"));
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

TEST(AddressOf, ProtocolIsNoPartOfIt) {
  EXPECT_EQ(address_of("rfc822; SMTP:a@example.net"), "a@example.net");
  EXPECT_EQ(address_of("rfc822;<smtp:a@example.net>"), "a@example.net");
}

// RFC 6533 §3.
TEST(AddressOf, InternationalAddressIsDecoded) {
  EXPECT_EQ(address_of("utf-8; m\\x{FC}ller@example.net"), "m\xc3\xbcller@example.net");
  EXPECT_EQ(address_of("utf-8; \\x{1F600}@example.net"), "\xf0\x9f\x98\x80@example.net");
  EXPECT_EQ(address_of("rfc822; m\\x{FC}ller@example.net"), "m\\x{FC}ller@example.net");
  for (const char* odd : {"a\\x{@example.net", "a\\x{}@example.net", "a\\x{D800}@example.net", "a\\x{A}b@example.net",
                          "a\\x{FFFFFFFFFF}@example.net"}) {
    EXPECT_EQ(address_of(std::string("utf-8; ") + odd), odd);
  }
}

TEST(AddressOf, ControlCharactersMakeItNone) {
  EXPECT_EQ(address_of("rfc822; us\x01"
                       "er@example.net"),
            "");
}

// Part of an address is somebody else's address.
TEST(AddressesIn, WholeOrNone) {
  const auto in = [](std::string_view text) { return addresses_in(text); };
  EXPECT_THAT(in("to m\xc3\xbcller@example.net failed"), ElementsAre("m\xc3\xbcller@example.net"));
  EXPECT_THAT(in("<m\xc3\xbcller@example.net>"), ElementsAre("m\xc3\xbcller@example.net"));
  EXPECT_THAT(in("<\xe7\x94\xa8\xe6\x88\xb7@example.net>"), ElementsAre("\xe7\x94\xa8\xe6\x88\xb7@example.net"));
  // Scripts without blanks end one.
  EXPECT_THAT(in("\xe6\x94\xb6\xe4\xbb\xb6\xe4\xba\xba"
                 "anna@example.net\xe4\xb8\x8d\xe5\xad\x98\xe5\x9c\xa8"),
              ElementsAre("anna@example.net"));
  EXPECT_THAT(in("\xe2\x80\x9c"
                 "anna@example.net\xe2\x80\x9d"),
              ElementsAre("anna@example.net"));
  for (const char* none : {"us\x01"
                           "er@example.net",
                           "m\xfcller@example.net", "us,er@example.net", ".user@example.net", "a@b@example.net",
                           "<us,er@example.net>", "<a@b@example.net>", "<.user@example.net>",
                           "<us\x01"
                           "er@example.net>",
                           "us\\er@example.net"}) {
    EXPECT_THAT(in(none), IsEmpty()) << none;
  }
  EXPECT_THAT(in("c=US;o=Site;dda:SMTP=anna@example.net; on Monday"), ElementsAre("anna@example.net"));
  EXPECT_THAT(in("<SMTP:anna@example.net>"), ElementsAre("anna@example.net"));
  EXPECT_THAT(in("<mailto:anna@example.net>"), ElementsAre("anna@example.net"));
  EXPECT_THAT(in("<@relay.example:anna@example.net>"), ElementsAre("anna@example.net"));
  EXPECT_THAT(in("anna@example.net,bob@example.org, carl@example.com;dora@example.com"),
              ElementsAre("anna@example.net", "bob@example.org", "carl@example.com", "dora@example.com"));
  EXPECT_THAT(in("'anna@example.net' ...bob@example.org. (carl@example.com)|x"),
              ElementsAre("anna@example.net", "bob@example.org", "carl@example.com"));
  EXPECT_THAT(in("<write to anna@example.net for help>"), ElementsAre("anna@example.net"));
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
