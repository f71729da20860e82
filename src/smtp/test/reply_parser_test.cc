// SPDX-License-Identifier: Apache-2.0
#include "smtp/reply_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace penstock::smtp {
namespace {

using model::EnhancedStatus;
using model::Reply;
using testing::HasSubstr;
using Got = ReplyParser::Got;

struct Parsed {
  std::vector<Reply> replies;
  std::string problem;
  bool inside = false;
};

// Gives the bytes in pieces of `step`.
Parsed parse(std::string_view bytes, std::size_t step = std::string_view::npos) {
  ReplyParser parser;
  Parsed out;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const Got got = parser.take(piece);
      if (got == Got::Unreadable) {
        out.problem = parser.problem();
        return out;
      }
      if (got == Got::Reply) out.replies.push_back(parser.reply());
    }
  }
  out.inside = parser.inside_reply();
  return out;
}

struct Case {
  std::string_view bytes;
  Reply reply;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << testing::PrintToString(c.bytes);
}

class ReadableReply : public testing::TestWithParam<Case> {};

TEST_P(ReadableReply, IsParsedWhateverTheSplit) {
  const auto& [bytes, expected] = GetParam();
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_EQ(parsed.replies.size(), 1U) << step << parsed.problem;
    EXPECT_EQ(parsed.replies[0].code, expected.code);
    EXPECT_EQ(parsed.replies[0].enhanced, expected.enhanced);
    EXPECT_EQ(parsed.replies[0].text, expected.text);
    EXPECT_FALSE(parsed.inside);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadableReply,
    testing::Values(
        Case{"220 mx.example ESMTP\r\n", {220, {}, "mx.example ESMTP"}}, Case{"250 ok\n", {250, {}, "ok"}},  // bare LF
        Case{"250\r\n", {250, {}, ""}}, Case{"250 \r\n", {250, {}, ""}}, Case{"250-\r\n250\r\n", {250, {}, ""}},
        Case{"550 5.1.1 no such user\r\n", {550, {5, 1, 1}, "no such user"}},
        Case{"550 5.1.1\r\n", {550, {5, 1, 1}, ""}},
        Case{"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", {550, {5, 1, 1}, "no\nsuch\nuser"}},
        Case{"550-see\r\n550 5.7.1 blocked\r\n", {550, {5, 7, 1}, "see\nblocked"}},
        Case{"550-5.7.1 a\r\n550 5.7.2 b\r\n", {550, {5, 7, 1}, "a\n5.7.2 b"}},
        Case{"552 4.2.2 full\r\n", {552, {4, 2, 2}, "full"}},         // classes differ: as it was said
        Case{"250-first\r\n550 last\r\n", {550, {}, "first\nlast"}},  // the last line's code counts
        Case{"250-a\r\n250-\r\n250 b\r\n", {250, {}, "a\n\nb"}},
        Case{"250 a\tb\x01"
             "c\r\r\n",
             {250, {}, "a b?c"}},
        Case{"250 trailing  \r\n", {250, {}, "trailing"}},
        Case{"450 gr\xC3\xBC\xC3\x9F"
             "e \xF0\x9F\x93\xA8\r\n",
             {450,
              {},
              "gr\xC3\xBC\xC3\x9F"
              "e \xF0\x9F\x93\xA8"}},
        Case{"450 \xFC \xC3 \xE0\x80\x80 \xED\xA0\x80 \xF4\x90\x80\x80\r\n", {450, {}, "? ? ??? ??? ????"}},
        Case{std::string_view("250 a\0b\r\n", 9), {250, {}, "a?b"}}, Case{"250 #5.1.1 x\r\n", {250, {}, "#5.1.1 x"}},
        Case{"354-go\n354 on\n", {354, {}, "go\non"}}, Case{"599 x\r\n", {599, {}, "x"}}));

class UnreadableReply : public testing::TestWithParam<std::string_view> {};

TEST_P(UnreadableReply, IsFoundOutWhateverTheSplit) {
  for (std::size_t step = 1; step <= GetParam().size(); ++step) {
    const Parsed parsed = parse(GetParam(), step);
    EXPECT_THAT(parsed.problem, HasSubstr("not an SMTP reply"));
    EXPECT_TRUE(parsed.replies.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Table, UnreadableReply,
                         testing::Values("HTTP/1.1 400 Bad Request\r\n", "\r\n", "25\r\n", "2500 x\r\n", "250x\r\n",
                                         "199 x\r\n", "600 x\r\n", "000 x\r\n", "2a0 x\r\n", " 250 x\r\n", "250\tx\r\n",
                                         "250-a\r\nb\r\n", "-250 x\r\n", "\x16\x03\x01\x02\r\n"));

TEST(ReplyParser, PipelinedRepliesComeOneByOne) {
  const std::string_view bytes = "250 a\r\n250-b\r\n250 c\r\n354 d\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    ASSERT_EQ(parsed.replies.size(), 3U);
    EXPECT_EQ(parsed.replies[1].text, "b\nc");
    EXPECT_EQ(parsed.replies[2].code, 354);
  }
}

TEST(ReplyParser, UnfinishedReplyIsKnownAsSuch) {
  EXPECT_TRUE(parse("250-a\r\n").inside);
  EXPECT_TRUE(parse("25").inside);
  EXPECT_FALSE(parse("").inside);
}

TEST(ReplyParser, UnreadableStaysUnreadable) {
  ReplyParser parser;
  std::string_view bytes = "what\r\n";
  EXPECT_EQ(parser.take(bytes), Got::Unreadable);
  bytes = "250 ok\r\n";
  EXPECT_EQ(parser.take(bytes), Got::Unreadable);
  EXPECT_EQ(parser.problem(), "the answer is not an SMTP reply: what");
}

TEST(ReplyParser, LineAtTheLimitIsReadAndOneAboveIsNot) {
  const std::string at_limit = "250 " + std::string(ReplyParser::kLineBytesMax - 6, 'x') + "\r\n";
  const std::string above = "250 " + std::string(ReplyParser::kLineBytesMax - 5, 'x') + "\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, std::string_view::npos}) {
    EXPECT_EQ(parse(at_limit, step).replies.size(), 1U);
    EXPECT_THAT(parse(above, step).problem, HasSubstr("line of the answer is too long"));
  }
}

TEST(ReplyParser, LineWithoutEndIsCutOffAtTheLimit) {
  EXPECT_THAT(parse(std::string(ReplyParser::kLineBytesMax + 1, '2'), 7).problem, HasSubstr("too long"));
}

TEST(ReplyParser, ReplyAboveTheLimitIsUnreadable) {
  const std::string line = "250-" + std::string(122, 'x') + "\r\n";  // 128 bytes
  std::string lines;
  for (std::size_t n = 0; n + 1 < ReplyParser::kReplyBytesMax / line.size(); ++n) lines += line;
  EXPECT_EQ(parse(lines + "250 " + std::string(122, 'x') + "\r\n").replies.size(), 1U);
  EXPECT_THAT(parse(lines + line + "250\r\n").problem, HasSubstr("the answer is too long"));
}

// Every reply that was seen in the wild is readable, and says again what was read.
void expect_readable(const std::string& text) {
  std::string bytes = text + "\r\n";
  const Parsed parsed = parse(bytes);
  if (text.size() >= 4 && (text[3] == ' ' || text[3] == '-') && text[0] >= '2' && text[0] <= '5') {
    if (text[3] == '-') return;  // the list has the first line of several only
    ASSERT_EQ(parsed.replies.size(), 1U) << text;
    EXPECT_EQ(parsed.replies[0].code, std::stoi(text.substr(0, 3))) << text;
    EXPECT_EQ(parsed.replies[0].to_string().substr(0, 3), text.substr(0, 3));
  } else {
    EXPECT_TRUE(parsed.replies.empty() || parsed.replies[0].text.empty()) << text;
  }
}

TEST(ReplyCorpus, RealRepliesAreReadable) {
  struct List {
    const char* file;
    std::size_t column;
  };
  std::size_t read = 0;
  for (const auto& [file, column] : {List{"replies.tsv", 0}, List{"provider_replies.tsv", 3}}) {
    std::ifstream in(std::string(PENSTOCK_SOURCE_DIR) + "/../shared/corpus/replies/" + file);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::size_t begin = 0;
      for (std::size_t n = 0; n < column; ++n) begin = line.find('\t', begin) + 1;
      expect_readable(line.substr(begin, line.find('\t', begin) - begin));
      ++read;
    }
  }
  if (read == 0) GTEST_SKIP() << "../shared/corpus/replies is not here; its replies are read where it is";
  EXPECT_GT(read, 400U);
}

}  // namespace
}  // namespace penstock::smtp
