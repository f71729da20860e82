// SPDX-License-Identifier: Apache-2.0
// Reads a report apart again for tests, and checks what holds of every report: CRLF only, no long lines, one boundary.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mime/header.h"
#include "report/dsn.h"
#include "report/harmless.h"

namespace penstock::report {

struct ReadPart {
  std::map<std::string, std::string> header;
  std::string content;
};
struct ReadReport {
  std::vector<std::pair<std::string, std::string>> header;
  std::vector<ReadPart> parts;
  [[nodiscard]] std::string field(std::string_view name) const {
    for (const auto& [key, value] : header) {
      if (key == name) return value;
    }
    return "(none)";
  }
};

inline void expect_tidy_lines(std::string_view text) {
  EXPECT_EQ(text.find('\0'), std::string_view::npos);
  ASSERT_TRUE(text.ends_with("\r\n"));
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find("\r\n", begin);
    const std::string_view line = text.substr(begin, end - begin);
    EXPECT_LE(line.size(), kLineBytesMax);
    EXPECT_EQ(line.find_first_of("\r\n"), std::string_view::npos) << testing::PrintToString(line);
    begin = end + 2;
  }
}

inline ReadPart read_part(std::string_view text) {
  ReadPart part;
  mime::HeaderScanner scan(text);
  for (mime::HeaderField field; scan.next(field);) part.header[std::string(field.name)] = mime::unfold(field.value);
  EXPECT_TRUE(scan.has_separator());
  part.content = text.substr(scan.body_offset());
  return part;
}

inline ReadReport read_report(const BuiltDsn& dsn) {
  const std::string_view text = dsn.message;
  expect_tidy_lines(text);
  ReadReport report;
  mime::HeaderScanner scan(text);
  for (mime::HeaderField field; scan.next(field);) report.header.emplace_back(field.name, mime::unfold(field.value));
  EXPECT_EQ(scan.malformed_count(), 0U);
  EXPECT_EQ(dsn.smtputf8, mime::has_eight_bit(text.substr(0, scan.header_size())));
  EXPECT_EQ(dsn.body_kind == model::BodyKind::EightBitMime, mime::has_eight_bit(text));

  const std::string type = report.field("Content-Type");
  const std::size_t from = type.find("boundary=\"") + 10;
  const std::string delimiter = "\r\n--" + type.substr(from, type.find('"', from) - from);
  std::string_view body = text.substr(scan.body_offset());
  EXPECT_TRUE(body.ends_with(delimiter + "--\r\n"));
  std::size_t at = body.find(delimiter);
  while (at != std::string_view::npos) {
    const std::size_t begin = at + delimiter.size();
    at = body.find(delimiter, begin);
    if (at != std::string_view::npos) report.parts.push_back(read_part(body.substr(begin + 2, at - begin - 2)));
  }
  return report;
}

}  // namespace penstock::report
