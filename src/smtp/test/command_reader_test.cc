// SPDX-License-Identifier: Apache-2.0
#include "smtp/command_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smtp/command.h"

namespace penstock::smtp {
namespace {

using Got = CommandReader::Got;

struct Read {
  Got got;
  std::string line;
  bool operator==(const Read&) const = default;
};

void PrintTo(const Read& read, std::ostream* out) {
  *out << static_cast<int>(read.got) << ":" << read.line;
}

std::vector<Read> read_all(const std::string& text, std::size_t piece_bytes, std::size_t line_bytes_max = 20) {
  CommandReader reader(line_bytes_max);
  std::vector<Read> all;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    const std::string piece = text.substr(at, piece_bytes);
    std::string_view bytes = piece;
    for (;;) {
      const Got got = reader.take(bytes);
      if (got == Got::More) break;
      all.push_back({got, got == Got::Line ? std::string(reader.line()) : ""});
      if (got == Got::BareLineEnd || got == Got::Endless) return all;
    }
    EXPECT_TRUE(bytes.empty());
  }
  return all;
}

void expect_lines(const std::string& text, const std::vector<Read>& wanted) {
  for (const std::size_t piece_bytes : {1, 2, 3, 5, 1'000'000}) EXPECT_EQ(read_all(text, piece_bytes), wanted) << text;
}

TEST(CommandReader, LinesAreReadWhateverTheSplit) {
  expect_lines("EHLO x\r\n\r\nQUIT\r\nrest", {{Got::Line, "EHLO x"}, {Got::Line, ""}, {Got::Line, "QUIT"}});
}

TEST(CommandReader, OnlyCrlfEndsALine) {
  expect_lines("a\nb\r\n", {{Got::BareLineEnd, ""}});
  expect_lines("\n", {{Got::BareLineEnd, ""}});
  expect_lines("a\rb\r\nc\r\n", {{Got::BareLineEnd, ""}});
  expect_lines("a\r\r\n", {{Got::BareLineEnd, ""}});
  expect_lines("ok\r\n\ra\r\n", {{Got::Line, "ok"}, {Got::BareLineEnd, ""}});
  expect_lines("a\r", {});
}

TEST(CommandReader, ALineMayFillItsBound) {
  const std::string most(18, 'x');
  expect_lines(most + "\r\nQUIT\r\n", {{Got::Line, most}, {Got::Line, "QUIT"}});
  expect_lines("y" + most + "\r\nQUIT\r\n", {{Got::TooLong, ""}, {Got::Line, "QUIT"}});
  expect_lines(std::string(5000, 'z') + "\r\nQUIT\r\n", {{Got::TooLong, ""}, {Got::Line, "QUIT"}});
  expect_lines(std::string(5000, 'z') + "\nQUIT\r\n", {{Got::BareLineEnd, ""}});
  expect_lines(std::string(19, 'z') + "\nQUIT\r\n", {{Got::BareLineEnd, ""}});
  expect_lines(std::string(20, 'z') + "\nQUIT\r\n", {{Got::BareLineEnd, ""}});
}

TEST(CommandReader, ALineWithoutEndIsGivenUp) {
  const std::string most(CommandReader::kSkippedBytesMax - 2, 'x');
  EXPECT_EQ(read_all(most + "\r\n", 1000), (std::vector<Read>{{Got::TooLong, ""}}));
  EXPECT_EQ(read_all(most + "x\r\n", 1000), (std::vector<Read>{{Got::Endless, ""}}));
  EXPECT_EQ(read_all(most + "x\r\n", 1'000'000), (std::vector<Read>{{Got::Endless, ""}}));
  EXPECT_EQ(read_all(most + "xxx", 1), (std::vector<Read>{{Got::Endless, ""}}));
}

TEST(ParseCommand, VerbsCompareWithoutCase) {
  EXPECT_EQ(parse_command("mAiL FROM:<>").verb, Verb::Mail);
  EXPECT_EQ(parse_command("mail FROM:<> ").argument, "FROM:<>");
  EXPECT_EQ(parse_command("DATA  ").argument, "");
  EXPECT_EQ(parse_command("STARTTLS").verb, Verb::StartTls);
  EXPECT_EQ(parse_command("BDAT 1 LAST").argument, "1 LAST");
  EXPECT_EQ(parse_command("GET / HTTP/1.1").verb, Verb::Http);
  for (const char* line : {"", " ", " MAIL", "MAILFROM:<>", "DAT", "DATAS", "EHLO\tx", "\xff", "STARTTLSX"}) {
    EXPECT_EQ(parse_command(line).verb, Verb::Unknown) << line;
  }
}

}  // namespace
}  // namespace penstock::smtp
