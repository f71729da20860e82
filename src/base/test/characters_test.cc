// SPDX-License-Identifier: Apache-2.0
#include "base/characters.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Characters, WhatSteersIsEscaped) {
  EXPECT_EQ(escape_steering("caf\u00e9 \u20ac \U0001F600 \u00a0"), "caf\u00e9 \u20ac \U0001F600 \u00a0");
  EXPECT_EQ(escape_steering("a\x1b[2J\r\n\x7f"), "a\\x1b[2J\\x0d\\x0a\\x7f");
  EXPECT_EQ(escape_steering("\u0080\u009b\u009f"), "\\u0080\\u009b\\u009f");
  EXPECT_EQ(escape_steering("\u2027\u2028\u2029\u202a\u202e\u202f"), "\u2027\\u2028\\u2029\\u202a\\u202e\u202f");
  EXPECT_EQ(escape_steering("\u2065\u2066\u2069\u206a"), "\u2065\\u2066\\u2069\u206a");
}

TEST(Characters, BytesThatAreNoUtf8AreEscaped) {
  EXPECT_EQ(escape_steering("\x9b"
                            "31m"),
            "\\x9b31m");
  EXPECT_EQ(escape_steering("\xe2\x80"), "\\xe2\\x80");
  EXPECT_EQ(escape_steering("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(escape_steering("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(Characters, HarmlessTextIsToldFromOther) {
  EXPECT_TRUE(is_harmless("caf\u00e9"));
  EXPECT_TRUE(is_harmless(""));
  for (const char* bad : {"\n", "\u202e", "\u2069", "\x9b", "x\u009b"}) EXPECT_FALSE(is_harmless(bad)) << bad;
}

}  // namespace
}  // namespace penstock
