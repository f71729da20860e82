// SPDX-License-Identifier: Apache-2.0
#include "dkim/tag_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::dkim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::pair<std::string, std::string>> tags_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto list = TagList::parse(text);
  EXPECT_TRUE(list) << text << ": " << list.error();
  if (list) {
    for (const Tag& tag : list->tags()) out.emplace_back(tag.name, tag.value);
  }
  return out;
}

TEST(TagList, NamesAndValuesLoseTheSpaceAroundThem) {
  EXPECT_THAT(tags_of(" v=1; a = rsa-sha256 ;\r\n\tb\r\n =\r\n x y\r\n z "),
              ElementsAre(std::pair("v", "1"), std::pair("a", "rsa-sha256"), std::pair("b", "x y\r\n z")));
}

TEST(TagList, SemicolonAtTheEndAndEmptyValuesAreLegal) {
  EXPECT_THAT(tags_of("k=rsa; p=;"), ElementsAre(std::pair("k", "rsa"), std::pair("p", "")));
  EXPECT_THAT(tags_of("p=; \r\n "), ElementsAre(std::pair("p", "")));
}

TEST(TagList, ValueMayHoldMoreEqualsSigns) {
  EXPECT_THAT(tags_of("p=MA==;x_1=a=b"), ElementsAre(std::pair("p", "MA=="), std::pair("x_1", "a=b")));
}

TEST(TagList, CaseOfNamesMatters) {
  EXPECT_THAT(tags_of("V=1; v=2"), ElementsAre(std::pair("V", "1"), std::pair("v", "2")));
}

TEST(TagList, BytesAbove127AreLetThrough) {
  EXPECT_THAT(tags_of("d=b\xC3\xBC"
                      "cher.example"),
              ElementsAre(std::pair("d",
                                    "b\xC3\xBC"
                                    "cher.example")));
}

TEST(TagList, WhatIsNoTagListIsToldWhy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no tags"},
      {" ; ", "no tags"},
      {"a=1;;b=2", "an empty tag"},
      {";a=1", "no tags"},
      {"a=1; t; p=", "\"t\""},
      {"1a=x", "not a tag name"},
      {"=x", "not a tag name"},
      {"a b=x", "not a tag name"},
      {"a=1; b=2; a=3", "a= is there twice"},
      {std::string("a=\x01", 3), "control character"},
      {std::string("a=x\0y", 5), "control character"},
  };
  for (const auto& [text, words] : cases) {
    const auto list = TagList::parse(text);
    ASSERT_FALSE(list) << text;
    EXPECT_THAT(list.error(), HasSubstr(words)) << text;
  }
}

TEST(TagList, TooManyTagsAreRefused) {
  std::string text;
  for (std::size_t i = 0; i <= TagList::kTagsMax; ++i) text += "t" + std::to_string(i) + "=x;";
  EXPECT_FALSE(TagList::parse(text));
}

TEST(TagListSplit, ItemsAreTrimmedAndEmptyOnesKept) {
  EXPECT_THAT(split("from : to:\r\n\tdate", ':'), ElementsAre("from", "to", "date"));
  EXPECT_THAT(split("a::b:", ':'), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ':'), ElementsAre(""));
}

TEST(Base64, SpaceAnywhereAndMissingPaddingAreRead) {
  for (const char* text : {"aGVsbG8=", " aGV\r\n\tsbG 8 = ", "aGVsbG8"})
    EXPECT_EQ(decode_base64(text), "hello") << text;
  EXPECT_EQ(decode_base64("aGVsbA=="), "hell");
  EXPECT_EQ(decode_base64("aGVs bA = ="), "hell");
  EXPECT_EQ(decode_base64(""), "");
}

TEST(Base64, WhatIsNoneIsRefused) {
  for (const char* text : {"a", "aGVsbG8==", "aGVsb=G8", "aGVs*A==", "=", "====", "aGVsbA==="}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
}

TEST(Base64, EncodedComesBack) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(encode_base64("hello"), "aGVsbG8=");
}

TEST(QuotedPrintable, EscapesAreReadAndSpaceIsDropped) {
  EXPECT_EQ(decode_quoted_printable("jlong@messiah=2Eedu"), "jlong@messiah.edu");
  EXPECT_EQ(decode_quoted_printable("a\r\n b=3d=3D"), "ab==");
  for (const char* text : {"=", "=4", "=G1", "a=4 1"}) EXPECT_FALSE(decode_quoted_printable(text)) << text;
}

}  // namespace
}  // namespace penstock::dkim
