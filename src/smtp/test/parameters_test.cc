// SPDX-License-Identifier: Apache-2.0
#include "smtp/parameters.h"

#include <gtest/gtest.h>

#include <limits>

#include "smtp/xtext.h"

namespace penstock::smtp {
namespace {

using Kind = ParameterProblem::Kind;

MailParameters mail(std::string_view text, const Offers& offers = {}) {
  const auto read = parse_mail_parameters(text, offers);
  EXPECT_TRUE(read) << text;
  return read.value_or(MailParameters{});
}

RcptParameters rcpt(std::string_view text, bool smtputf8 = false) {
  const auto read = parse_rcpt_parameters(text, {}, smtputf8);
  EXPECT_TRUE(read) << text;
  return read.value_or(RcptParameters{});
}

TEST(MailParameters, AreReadInAnyOrderAndCase) {
  const MailParameters got = mail(" envid=ID+2B1  Body=8bitmime SIZE=0123 smtputf8 RET=full AUTH=a+40b");
  EXPECT_EQ(got.envelope_id, "ID+1");
  EXPECT_EQ(got.body_kind, model::BodyKind::EightBitMime);
  EXPECT_EQ(got.size_bytes, 123U);
  EXPECT_TRUE(got.smtputf8);
  EXPECT_EQ(got.dsn_return, model::DsnReturn::Full);
  EXPECT_EQ(mail(" RET=HDRS").dsn_return, model::DsnReturn::Headers);
  EXPECT_EQ(mail("").dsn_return, model::DsnReturn::Unset);
}

TEST(MailParameters, SizeBeyondTheLargestNumberIsTheLargest) {
  EXPECT_EQ(mail(" SIZE=18446744073709551615").size_bytes, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(mail(" SIZE=99999999999999999999").size_bytes, std::numeric_limits<std::uint64_t>::max());
}

TEST(MailParameters, MalformedOnesAreNamed) {
  const char* const cases[] = {
      " SIZE",
      " SIZE=",
      " SIZE=-1",
      " SIZE=1x",
      " SIZE=1 SIZE=1",
      " SIZE=999999999999999999999",
      " BODY=9BIT",
      " BODY",
      " RET=SOME",
      " RET",
      " ENVID=",
      " ENVID=+",
      " ENVID=+4",
      " ENVID=+0A",
      " ENVID=a\x01",
      " SMTPUTF8=",
      " SMTPUTF8 SMTPUTF8",
      " AUTH=",
      " AUTH=+zz",
      " BODY=BINARYMIME",
  };
  for (const char* text : cases) {
    const auto read = parse_mail_parameters(text, {});
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, Kind::Malformed) << text;
    EXPECT_EQ(read.error().keyword, std::string_view(text).substr(1, read.error().keyword.size())) << text;
  }
}

TEST(MailParameters, WhatIsNotOfferedIsUnknown) {
  Offers offers;
  offers.dsn = offers.smtputf8 = offers.eight_bit_mime = false;
  for (const char* text :
       {" RET=FULL", " ENVID=1", " SMTPUTF8", " BODY=7BIT", " NOTIFY=NEVER", " X", " =", " HOLDFOR=1"}) {
    const auto read = parse_mail_parameters(text, offers);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, Kind::Unknown) << text;
  }
  offers.binary_mime = true;
  EXPECT_EQ(mail(" BODY=BINARYMIME", offers).body_kind, model::BodyKind::BinaryMime);
}

TEST(MailParameters, RequireTlsIsForEncryptedLinks) {
  EXPECT_TRUE(parse_mail_parameters(" requiretls SIZE=1", {}, true)->require_tls);
  EXPECT_FALSE(parse_mail_parameters(" SIZE=1", {}, true)->require_tls);
  EXPECT_EQ(parse_mail_parameters(" REQUIRETLS", {}, false).error().kind, Kind::Unknown);
  EXPECT_EQ(parse_mail_parameters(" REQUIRETLS=YES", {}, true).error().kind, Kind::Malformed);
  EXPECT_EQ(parse_mail_parameters(" REQUIRETLS REQUIRETLS", {}, true).error().kind, Kind::Malformed);
}

TEST(MailParameters, EnvelopeIdEndsAt100Bytes) {
  EXPECT_TRUE(parse_mail_parameters(" ENVID=" + std::string(100, 'e'), {}));
  EXPECT_FALSE(parse_mail_parameters(" ENVID=" + std::string(101, 'e'), {}));
}

TEST(RcptParameters, AreRead) {
  EXPECT_EQ(rcpt("").notify, model::kNotifyUnset);
  EXPECT_EQ(rcpt(" NOTIFY=never").notify, model::kNotifyNever);
  EXPECT_EQ(rcpt(" NOTIFY=Success,FAILURE,delay").notify,
            model::kNotifySuccess | model::kNotifyFailure | model::kNotifyDelay);
  EXPECT_EQ(rcpt(" ORCPT=rfc822;a+2Bb=c@d.example").original, "rfc822;a+b=c@d.example");
  EXPECT_EQ(rcpt(" ORCPT=utf-8;ü@d.example", true).original, "utf-8;ü@d.example");
  EXPECT_EQ(rcpt(" ORCPT=x400;/C=us").original, "x400;/C=us");
}

TEST(RcptParameters, MalformedOnesAreRefused) {
  const char* const cases[] = {
      " NOTIFY",
      " NOTIFY=",
      " NOTIFY=NEVER,SUCCESS",
      " NOTIFY=SUCCESS,",
      " NOTIFY=,SUCCESS",
      " NOTIFY=ALWAYS",
      " ORCPT",
      " ORCPT=",
      " ORCPT=a@b",
      " ORCPT=;a@b",
      " ORCPT=rfc822;",
      " ORCPT=rf c;a",
      " ORCPT=rfc822;+0D+0A",
      " ORCPT=rfc822;+",
      " ORCPT=rfc822;ü@b.example",
      " ORCPT=utf-8;ü@b",
      " NOTIFY=NEVER NOTIFY=NEVER",
      " ORCPT=r(c;a@b",
  };
  for (const char* text : cases) EXPECT_FALSE(parse_rcpt_parameters(text, {}, false)) << text;
  EXPECT_FALSE(parse_rcpt_parameters(" ORCPT=rfc822;ü@b.example", {}, true)) << "UTF-8 under another type";
  EXPECT_FALSE(parse_rcpt_parameters(" ORCPT=utf-8;\xff@b.example", {}, true)) << "not UTF-8";
}

TEST(RcptParameters, OriginalEndsAt500Bytes) {
  EXPECT_TRUE(parse_rcpt_parameters(" ORCPT=rfc822;" + std::string(493, 'a'), {}, false));
  EXPECT_FALSE(parse_rcpt_parameters(" ORCPT=rfc822;" + std::string(494, 'a'), {}, false));
}

TEST(Xtext, IsDecoded) {
  EXPECT_EQ(decode_xtext(""), "");
  EXPECT_EQ(decode_xtext("plain=text"), "plain=text");
  EXPECT_EQ(decode_xtext("a+2Bb+3D+3d"), "a+b==");
  EXPECT_EQ(decode_xtext("+00"), std::string(1, '\0'));
  for (const char* text : {"+", "+2", "a+2", "+2G", "+-1", "a b", "a\tb", "\x80", "\x7f"}) {
    EXPECT_FALSE(decode_xtext(text)) << text;
  }
}

}  // namespace
}  // namespace penstock::smtp
