// SPDX-License-Identifier: Apache-2.0
#include "report/harmless.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "mime/header.h"
#include "mime/text.h"
#include "report/test/report_reader.h"

namespace penstock::report {
namespace {

TEST(OneLine, BlanksAndControlsBecomeOneBlank) {
  EXPECT_EQ(one_line(" a\r\n\tb \x01 c\x7F", Charset::Ascii, 100), "a b c");
  EXPECT_EQ(one_line("", Charset::Ascii, 100), "");
  EXPECT_EQ(one_line("\r\n", Charset::Ascii, 100), "");
  EXPECT_EQ(one_line("abcdef", Charset::Ascii, 3), "abc");
}

TEST(OneLine, EightBitStaysOnlyWhenItIsUtf8AndAllowed) {
  EXPECT_EQ(one_line("b\xC3\xBC", Charset::Utf8, 100), "b\xC3\xBC");
  EXPECT_EQ(one_line("b\xC3\xBC", Charset::Ascii, 100), "b??");
  EXPECT_EQ(one_line("b\xFC", Charset::Utf8, 100), "b?");
  EXPECT_EQ(one_line("b\xC3\xBC", Charset::Utf8, 2), "b");
}

TEST(Cut, NeverSplitsACharacter) {
  const std::string_view text = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80z";
  for (std::size_t n = 0; n <= text.size() + 1; ++n) {
    EXPECT_TRUE(mime::is_utf8(cut(text, n))) << n;
    EXPECT_LE(cut(text, n).size(), n);
    EXPECT_GE(cut(text, n).size() + 3, std::min(n, text.size()));
  }
  EXPECT_EQ(cut("\x80\x80\x80\x80\x80\x80", 5).size(), 5U);
}

TEST(AppendFolded, LongValuesFoldAtBlanks) {
  std::string out;
  append_folded(out, "Name", "short");
  append_folded(out, "None", "");
  EXPECT_EQ(out, "Name: short\r\n");
  out.clear();
  append_folded(out, "N", std::string(40, 'a') + " " + std::string(40, 'b'));
  EXPECT_EQ(out, "N: " + std::string(40, 'a') + "\r\n " + std::string(40, 'b') + "\r\n");
}

TEST(AppendFolded, AnyValueIsOneFieldThatUnfoldsToItself) {
  Rng rng(5);
  for (int round = 0; round < 300; ++round) {
    std::string value;
    const auto words = 1 + rng.below(30);
    for (std::uint64_t i = 0; i < words; ++i) value += std::string(1 + rng.below(80), 'x') + " ";
    value.pop_back();
    std::string out;
    append_folded(out, "Name", value);
    expect_tidy_lines(out);
    const auto field = mime::find_field(out, "Name");
    ASSERT_TRUE(field);
    EXPECT_EQ(field->bytes.size(), out.size());
    EXPECT_EQ(mime::unfold(field->value), value);
  }
  std::string out;
  append_folded(out, "Name", std::string(5000, 'x'));
  expect_tidy_lines(out);
}

TEST(AppendQuoted, EachLineIsIndentedAndHarmless) {
  std::string out;
  append_quoted(out, "> ", "one\r\ntwo\x01\tx\n\nb\xC3\xBC");
  EXPECT_EQ(out, "> one\r\n> two? x\r\n> \r\n> b\xC3\xBC\r\n");
  out.clear();
  append_quoted(out, "> ", "a\rb\xFF");
  EXPECT_EQ(out, "> a?b?\r\n");
  out.clear();
  append_quoted(out, "> ", std::string(3000, 'x'));
  expect_tidy_lines(out);
}

}  // namespace
}  // namespace penstock::report
