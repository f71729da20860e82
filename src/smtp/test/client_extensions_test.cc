// SPDX-License-Identifier: Apache-2.0
#include "smtp/client_extensions.h"

#include <gtest/gtest.h>

namespace penstock::smtp {
namespace {

Extensions parse(std::string text) {
  return parse_extensions({.code = 250, .enhanced = {}, .text = std::move(text)});
}

TEST(Extensions, AllThatWeKnowAreFound) {
  const Extensions e = parse(
      "mx.example at your service\nPIPELINING\nSIZE 52428800\n8bitmime\nBINARYMIME\nCHUNKING\nSMTPUTF8\nDSN\n"
      "ENHANCEDSTATUSCODES\nSTARTTLS\nAUTH PLAIN LOGIN\nVRFY");
  EXPECT_TRUE(e.esmtp && e.pipelining && e.size && e.eight_bit_mime && e.binary_mime && e.chunking && e.smtputf8 &&
              e.dsn && e.enhanced_status_codes && e.starttls);
  EXPECT_EQ(e.size_max_bytes, 52428800U);
  EXPECT_EQ(e.auth, "PLAIN LOGIN");
  EXPECT_EQ(e.keywords.size(), 11U);
  EXPECT_EQ(e.keywords[1], "SIZE 52428800");
}

TEST(Extensions, GreetingLineOffersNothing) {
  const Extensions e = parse("PIPELINING");
  EXPECT_TRUE(e.esmtp);
  EXPECT_FALSE(e.pipelining);
  EXPECT_TRUE(e.keywords.empty());
  EXPECT_TRUE(parse("\nPIPELINING").pipelining);
}

TEST(Extensions, SizeWithoutReadableNumberHasNoLimit) {
  for (const char* line : {"x\nSIZE", "x\nSIZE 0", "x\nSIZE lots", "x\nSIZE 99999999999999999999999", "x\nSIZE -5"}) {
    EXPECT_TRUE(parse(line).size) << line;
    EXPECT_EQ(parse(line).size_max_bytes, 0U) << line;
  }
}

TEST(Extensions, WordsThatOnlyBeginLikeAKeywordAreNone) {
  const Extensions e = parse("x\nPIPELININGS\nXSIZE 5\nDSNX\n\nCHUNKING  \tx");
  EXPECT_FALSE(e.pipelining || e.size || e.dsn);
  EXPECT_TRUE(e.chunking);
  EXPECT_EQ(e.to_string(), "PIPELININGS,XSIZE 5,DSNX,CHUNKING  \tx");
}

TEST(Extensions, OldFormOfAuthIsUnderstood) {
  EXPECT_EQ(parse("x\nAUTH=LOGIN\nAUTH PLAIN").auth, "LOGIN PLAIN");
}

TEST(Extensions, LinesAboveTheLimitAreIgnored) {
  std::string text = "x";
  for (int n = 0; n < 100; ++n) text += "\nX" + std::to_string(n);
  EXPECT_EQ(parse(text + "\nDSN").keywords.size(), 63U);
  EXPECT_FALSE(parse(text + "\nDSN").dsn);
}

}  // namespace
}  // namespace penstock::smtp
