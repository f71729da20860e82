// SPDX-License-Identifier: Apache-2.0
#include "smtp/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"

namespace penstock::smtp {
namespace {

using Defect = BodyReader::Defect;
using Got = BodyReader::Got;

struct Read {
  Got got = Got::More;
  Defect defect = Defect::None;
  std::string body;
  std::string rest;
  std::uint64_t bytes = 0;
  bool eight_bit = false;
  bool operator==(const Read&) const = default;
};

void PrintTo(const Read& read, std::ostream* out) {
  *out << "got " << static_cast<int>(read.got) << " defect " << static_cast<int>(read.defect) << " body "
       << read.body.substr(0, 100) << " rest " << read.rest << " bytes " << read.bytes << " 8bit " << read.eight_bit;
}

// RFC 5321 §4.5.2 and our rules, one byte at a time: what the reader must agree with.
Read read_slowly(std::string_view text, std::size_t line_bytes_max) {
  Read out;
  bool bare = false;
  bool zero = false;
  bool long_line = false;
  std::size_t line_bytes = 0;
  bool line_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (line_start && text[i] == '.') {
      if (text.substr(i, 3) == ".\r\n") {
        out.got = Got::End;
        out.rest = text.substr(i + 3);
        break;
      }
      line_start = false;
      continue;
    }
    const char before = i == 0 ? '\0' : text[i - 1];
    bare |= text[i] == '\n' && before != '\r';
    bare |= text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n';
    zero |= text[i] == '\0';
    out.eight_bit |= static_cast<unsigned char>(text[i]) > 127;
    ++line_bytes;
    if (text[i] == '\n') {
      long_line |= line_bytes > line_bytes_max;
      line_bytes = 0;
    }
    line_start = text[i] == '\n' && before == '\r';
    out.body += text[i];
  }
  out.bytes = out.body.size();
  out.defect = bare ? Defect::BareLineEnd : zero ? Defect::ZeroByte : long_line ? Defect::LongLine : Defect::None;
  return out;
}

ServerOptions options_of(std::uint64_t message_bytes_max, std::uint32_t line_bytes_max = 0) {
  ServerOptions options;
  options.message_bytes_max = message_bytes_max;
  options.text_line_bytes_max = line_bytes_max;
  return options;
}

Read read_in_pieces(const std::string& text, std::size_t piece_bytes, const ServerOptions& options) {
  BodyReader reader(options);
  reader.start(0, model::BodyKind::SevenBit);
  Read out;
  for (std::size_t at = 0; at < text.size() && out.got == Got::More; at += piece_bytes) {
    const std::string piece = text.substr(at, piece_bytes);
    std::string_view bytes = piece;
    out.got = reader.take_data(bytes);
    if (out.got == Got::End)
      out.rest = std::string(bytes) + (at + piece_bytes < text.size() ? text.substr(at + piece_bytes) : "");
  }
  out.defect = reader.defect();
  out.bytes = reader.bytes();
  out.eight_bit = reader.eight_bit();
  if (out.defect == Defect::None) out.body = reader.release();
  return out;
}

TEST(BodyReader, AgreesWithASlowReaderOnRandomText) {
  Rng rng(7);
  const std::string_view alphabets[] = {"\r\n.", "\r\n.a", "a.\r\n\xe9", "abcdefgh"};
  const ServerOptions options = options_of(0, 128);
  for (int round = 0; round < 4'000; ++round) {
    std::string text;
    const std::size_t parts = 1 + rng.below(30);
    const std::string_view alphabet = alphabets[rng.below(4)];
    for (std::size_t i = 0; i < parts; ++i) {
      const auto kind = rng.below(5);
      if (kind < 2)
        text += "\r\n";
      else if (kind == 2)
        text.append(rng.below(100), 'x');
      else if (kind == 3)
        text += '.';
      else
        text += alphabet[rng.below(alphabet.size())];
      if (rng.below(200) == 0) text += '\0';
    }
    Read wanted = read_slowly(text, 128);
    if (wanted.defect != Defect::None) wanted.body.clear();
    for (const std::size_t piece_bytes : {1, 3, 64, 65, 100'000}) {
      Read got = read_in_pieces(text, piece_bytes, options);
      if (got.got == Got::More) {
        ASSERT_EQ(wanted.got, Got::More) << text;
        continue;
      }
      ASSERT_EQ(got, wanted) << "pieces of " << piece_bytes << ": " << testing::PrintToString(text);
    }
  }
}

TEST(BodyReader, DotsAreUndone) {
  const ServerOptions options = options_of(0);
  EXPECT_EQ(read_in_pieces(".\r\nrest", 100, options).body, "");
  EXPECT_EQ(read_in_pieces(".\r\nrest", 100, options).rest, "rest");
  EXPECT_EQ(read_in_pieces("..\r\n.\r\n", 100, options).body, ".\r\n");
  EXPECT_EQ(read_in_pieces("a\r\n...b\r\n.c\r\n.\r\n", 100, options).body, "a\r\n..b\r\nc\r\n");
  EXPECT_EQ(read_in_pieces("a.\r\n.\r\n", 100, options).body, "a.\r\n");
}

TEST(BodyReader, ACrAfterALoneDotIsBare) {
  const ServerOptions options = options_of(0);
  for (const char* text : {"a\r\n.\rb\r\n.\r\n", "a\r\n.\r\r\n.\r\n", ".\r.\r\n\r\n.\r\n"}) {
    for (const std::size_t piece_bytes : {1, 2, 100}) {
      const Read read = read_in_pieces(text, piece_bytes, options);
      EXPECT_EQ(read.got, Got::End) << text;
      EXPECT_EQ(read.defect, Defect::BareLineEnd) << text;
      EXPECT_EQ(read.rest, "") << text;
    }
  }
}

TEST(BodyReader, SizeIsHeldToItsBound) {
  const std::string exact = std::string(98, 'x') + "\r\n";
  const ServerOptions options = options_of(100);
  for (const std::size_t piece_bytes : {1, 7, 1000}) {
    EXPECT_EQ(read_in_pieces(exact + ".\r\n", piece_bytes, options).body, exact);
    const Read above = read_in_pieces("y" + exact + ".\r\n", piece_bytes, options);
    EXPECT_EQ(above.got, Got::End);
    EXPECT_EQ(above.defect, Defect::TooLarge);
    EXPECT_EQ(above.bytes, 101U);
  }
}

TEST(BodyReader, LinesAreHeldToTheirBound) {
  const ServerOptions options = options_of(0, 1000);
  const std::string line = std::string(998, 'x') + "\r\n";
  for (const std::size_t piece_bytes : {1, 7, 64, 100'000}) {
    EXPECT_EQ(read_in_pieces(line + line + ".\r\n", piece_bytes, options).defect, Defect::None);
    EXPECT_EQ(read_in_pieces(line + "x" + line + ".\r\n", piece_bytes, options).defect, Defect::LongLine);
    EXPECT_EQ(read_in_pieces("." + line + ".\r\n", piece_bytes, options).defect, Defect::None) << "without the dot";
  }
}

TEST(BodyReader, ChunksAreJoined) {
  const ServerOptions options = options_of(100);
  BodyReader reader(options);
  reader.start(10, model::BodyKind::SevenBit);
  for (const char* piece : {"a\r", "\n.", "\r", "\n..\r\nlast"}) reader.take_chunk(piece);
  reader.finish();
  EXPECT_EQ(reader.defect(), Defect::None);
  EXPECT_EQ(reader.release(), "a\r\n.\r\n..\r\nlast");

  reader.start(0, model::BodyKind::SevenBit);
  reader.take_chunk("a\r");
  EXPECT_EQ(reader.defect(), Defect::None) << "the LF may come yet";
  reader.finish();
  EXPECT_EQ(reader.defect(), Defect::BareLineEnd);

  reader.start(0, model::BodyKind::BinaryMime);
  reader.take_chunk(std::string_view("\n\r\0", 3));
  reader.finish();
  EXPECT_EQ(reader.defect(), Defect::None);
}

}  // namespace
}  // namespace penstock::smtp
