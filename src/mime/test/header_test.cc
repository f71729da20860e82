// SPDX-License-Identifier: Apache-2.0
#include "mime/header.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace penstock::mime {
namespace {

struct Scanned {
  std::vector<std::pair<std::string, std::string>> fields;
  std::uint32_t malformed = 0;
  std::string body;
  bool over_limit = false;
  bool has_separator = false;
};

Scanned scan_all(std::string_view message, HeaderLimits limits = {}) {
  Scanned out;
  HeaderScanner scan(message, limits);
  for (HeaderField field; scan.next(field);) {
    EXPECT_EQ(message.substr(field.bytes.begin, field.name.size()), field.name);
    out.fields.emplace_back(field.name, field.value);
  }
  HeaderField again;
  EXPECT_FALSE(scan.next(again)) << "the end must be final";
  out.malformed = scan.malformed_count();
  out.body = message.substr(scan.body_offset());
  out.over_limit = scan.over_limit();
  out.has_separator = scan.has_separator();
  return out;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(HeaderScanner, FieldsComeInOrderWithTheirFolds) {
  const auto got = scan_all("From: a@b.example\r\nSubject: one\r\n two\r\n\tthree\r\nX:\r\n\r\nbody: no\r\n");
  EXPECT_EQ(got.fields, (Fields{{"From", " a@b.example"}, {"Subject", " one\r\n two\r\n\tthree"}, {"X", ""}}));
  EXPECT_EQ(got.body, "body: no\r\n");
  EXPECT_EQ(got.malformed, 0U);
  EXPECT_TRUE(got.has_separator);
}

TEST(HeaderScanner, RangesCoverWholeFields) {
  const std::string message = "A: 1\r\nB: 2\r\n 3\r\n\r\n";
  HeaderScanner scan(message);
  HeaderField field;
  ASSERT_TRUE(scan.next(field));
  EXPECT_EQ(field.bytes, (ByteRange{0, 6}));
  ASSERT_TRUE(scan.next(field));
  EXPECT_EQ(field.bytes, (ByteRange{6, 16}));
  ASSERT_FALSE(scan.next(field));
  EXPECT_EQ(scan.header_size(), 16U);
  EXPECT_EQ(scan.body_offset(), 18U);
  EXPECT_EQ(scan.field_count(), 2U);
}

TEST(HeaderScanner, OddMessagesAreToleratedAndReported) {
  struct Row {
    std::string message;
    Fields fields;
    std::uint32_t malformed;
    std::string body;
  };
  const std::vector<Row> table{
      {"", {}, 0, ""},
      {"\r\n", {}, 0, ""},
      {"\r\nbody", {}, 0, "body"},
      {"A: 1\r\n", {{"A", " 1"}}, 0, ""},
      {"A: 1", {{"A", " 1"}}, 0, ""},
      {"A: 1\r\n\r\n", {{"A", " 1"}}, 0, ""},
      {"A: 1\r\n \r\nB: 2\r\n\r\n", {{"A", " 1\r\n "}, {"B", " 2"}}, 0, ""},
      {"A \t: 1\r\n\r\n", {{"A", " 1"}}, 0, ""},
      {"A:1\r\n\r\n", {{"A", "1"}}, 0, ""},
      // No header: everything is body, even what would be a field.
      {"Hello world\r\nA: 1\r\n\r\n", {}, 1, "Hello world\r\nA: 1\r\n\r\n"},
      {" A: 1\r\n\r\n", {}, 1, " A: 1\r\n\r\n"},
      {": 1\r\n\r\n", {}, 1, ": 1\r\n\r\n"},
      // Further down a bad line is skipped, with what it folds.
      {"A: 1\r\nno field\r\n B: 2\r\nC: 3\r\n\r\nx", {{"A", " 1"}, {"C", " 3"}}, 1, "x"},
      {"A: 1\r\nB\xC3\xBC: 2\r\nC D: 3\r\n\r\n", {{"A", " 1"}}, 2, ""},
      // Only CRLF ends a line.
      {"A: 1\nB: 2\r\nC: 3\r\n\r\n", {{"A", " 1\nB: 2"}, {"C", " 3"}}, 0, ""},
      {"A: 1\rB: 2\r\n\n\r\n\r\n", {{"A", " 1\rB: 2"}}, 1, ""},
      {"\nA: 1\r\n\r\n", {}, 1, "\nA: 1\r\n\r\n"},
      {"A: 1\r", {{"A", " 1\r"}}, 0, ""},
      {"A: 1\r\n\r", {{"A", " 1"}}, 1, ""},
      // The line of a mailbox file.
      {"From x@y Mon Jan  1 10:00:00 2024\r\nA: 1\r\n\r\nb", {{"A", " 1"}}, 1, "b"},
      {">From x@y Mon Jan  1 10:00:00 2024\r\nA: 1\r\n\r\nb", {{"A", " 1"}}, 1, "b"},
      {"From here on\r\nit is text\r\n", {}, 1, "From here on\r\nit is text\r\n"},
      {"From here on\r\n\r\nA: 1\r\n", {}, 1, "From here on\r\n\r\nA: 1\r\n"},
      {"From : a@b.example\r\nA: 1\r\n\r\n", {{"From", " a@b.example"}, {"A", " 1"}}, 0, ""},
  };
  for (const Row& row : table) {
    const auto got = scan_all(row.message);
    EXPECT_EQ(got.fields, row.fields) << row.message;
    EXPECT_EQ(got.malformed, row.malformed) << row.message;
    EXPECT_EQ(got.body, row.body) << row.message;
    EXPECT_FALSE(got.over_limit);
  }
}

TEST(HeaderScanner, HeaderOverTheByteLimitStopsTheScan) {
  const std::string message = "A: 1\r\nB: " + std::string(100, 'x') + "\r\n\r\nbody";
  EXPECT_TRUE(scan_all(message, {.header_bytes_max = 50}).over_limit);
  EXPECT_EQ(scan_all(message, {.header_bytes_max = 50}).fields.size(), 1U);
  EXPECT_TRUE(scan_all(message, {.header_bytes_max = message.size() - 6}).over_limit);
  EXPECT_FALSE(scan_all(message, {.header_bytes_max = message.size()}).over_limit);
  // A line that ends exactly at the bound may be folded behind it.
  EXPECT_TRUE(scan_all("A: 1\r\n 2\r\n\r\n", {.header_bytes_max = 6}).over_limit);
  EXPECT_TRUE(scan_all(std::string(1000, 'x'), {.header_bytes_max = 50}).over_limit);
}

TEST(HeaderScanner, FieldsOverTheCountLimitStopTheScan) {
  std::string message;
  for (int i = 0; i < 10; ++i) message += i % 2 == 0 ? "A: 1\r\n" : "no field\r\n";
  EXPECT_FALSE(scan_all(message, {.fields_max = 10}).over_limit);
  EXPECT_TRUE(scan_all(message, {.fields_max = 9}).over_limit);
}

TEST(FindField, FirstOfTheNameIsFoundIgnoringCase) {
  const std::string message = "From: a\r\nsubject: one\r\nSubject: two\r\n\r\nTo: body\r\n";
  const auto found = find_field(message, "SUBJECT");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, " one");
  EXPECT_FALSE(find_field(message, "To"));
  EXPECT_FALSE(find_field(message, "Subjec"));
}

TEST(Unfold, OnlyFoldsAreRemoved) {
  const std::vector<std::pair<std::string, std::string>> table{
      {" plain ", "plain"},       {"", ""},         {" one\r\n two", "one two"}, {"\r\n\tlate", "late"},
      {"a\r\n\r\n b", "a\r\n b"}, {"a\nb", "a\nb"}, {"a\r\n \r\n b", "a  b"},    {"a\r\nb", "a\r\nb"},
  };
  for (const auto& [raw, wanted] : table) EXPECT_EQ(unfold(raw), wanted) << raw;
}

TEST(HasEightBit, FindsTheByteWhereverItStands) {
  for (std::size_t size = 0; size < 200; ++size) {
    std::string text(size, '\x7F');
    EXPECT_FALSE(has_eight_bit(text));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      ASSERT_TRUE(has_eight_bit(text)) << at << " of " << size;
      text[at] = 'a';
    }
  }
}

}  // namespace
}  // namespace penstock::mime
