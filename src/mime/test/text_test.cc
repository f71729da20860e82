// SPDX-License-Identifier: Apache-2.0
#include "mime/text.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace penstock::mime {
namespace {

TEST(IsUtf8, WellFormedTextOnly) {
  for (const std::string_view good : {"", "plain", "\xC3\xBC", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF",
                                      "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << testing::PrintToString(good);
  }
  for (const std::string_view bad :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "a\xC3", "\xE2\x82", "\xE2\x28\xA1", "\xC3\xC3"}) {
    EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
  }
}

TEST(HasControl, TabsAndDeleteCount) {
  EXPECT_FALSE(has_control("plain \xC3\xBC"));
  EXPECT_TRUE(has_control("a\tb"));
  EXPECT_TRUE(has_control("a\x7F"));
  EXPECT_TRUE(has_control(std::string_view("\0", 1)));
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.substr(i + 1, 2) == "\r\n") {
      i += 2;
    } else {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

TEST(QuotedPrintable, KnownTextsAreEncoded) {
  EXPECT_EQ(encode_quoted_printable("a=b\r\nend \r\n"), "a=3Db\r\nend=20\r\n");
  EXPECT_EQ(encode_quoted_printable("\xC3\xBC\n\t"), "=C3=BC=0A=09");
}

TEST(QuotedPrintable, DecodesToTheSameAndStaysShort) {
  Rng rng(11);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    const auto size = rng.below(400);
    for (std::uint64_t i = 0; i < size; ++i) {
      text += rng.below(4) == 0 ? std::string("\r\n") : std::string(1, static_cast<char>(rng.below(256)));
      text += std::string(rng.below(30), 'x');
    }
    const std::string encoded = encode_quoted_printable(text);
    EXPECT_EQ(decode(encoded), text);
    std::size_t begin = 0;
    while (begin <= encoded.size()) {
      std::size_t end = encoded.find("\r\n", begin);
      if (end == std::string::npos) end = encoded.size();
      EXPECT_LE(end - begin, 76U);
      begin = end + 2;
    }
  }
}

}  // namespace
}  // namespace penstock::mime
