// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace penstock {
namespace {

std::string field(std::string_view value) {
  std::string out = "before,";
  append_csv_field(value, out);
  return out.substr(7);
}

// What a reader of RFC 4180 has in its hands.
std::string unquoted(std::string_view text) {
  if (!text.starts_with('"')) return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '"') ++i;
    out += text[i];
  }
  return out;
}

TEST(Csv, FormulasAreGuardedAndNumbersStayNumbers) {
  const std::vector<std::pair<std::string_view, std::string_view>> table{
      {"=1+1", "\"'=1+1\""},
      {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
      {"+49-30", "\"'+49-30\""},
      {"-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\""},
      {"@SUM(A1)", "\"'@SUM(A1)\""},
      {"\t=1", "\"'\t=1\""},
      {"\r=1", "\"'\r=1\""},
      {"\n=1", "\"'\n=1\""},
      {"-", "\"'-\""},
      {"+1.", "\"'+1.\""},
      {"-.5", "\"'-.5\""},
      {"-1=1", "\"'-1=1\""},
      {"-5", "-5"},
      {"+3.25", "+3.25"},
      {"0", "0"},
      {"a=b", "a=b"},
      {"a@one.example", "a@one.example"},
      {"'quoted'", "'quoted'"},
      {"'=1", "\"''=1\""},
      {"''@x", "\"'''@x\""}};
  for (const auto& [value, written] : table) EXPECT_EQ(field(value), written);
}

TEST(Csv, WhatIsReadIsWhatWasWritten) {
  const std::vector<std::string_view> starts{"", "'", "''", "'''", "\"", " "};
  const std::vector<std::string_view> rests{"",   "=1", "+x", "-x", "-5", "+2.5", "@a", "\ta", "\ra",
                                            "\n", "a",  "'",  ",",  "\"", "-",    "'-", "5",   "=\",\""};
  for (const std::string_view start : starts) {
    for (const std::string_view rest : rests) {
      const std::string value = std::string(start) + std::string(rest);
      EXPECT_EQ(csv_value(unquoted(field(value))), value) << field(value);
    }
  }
}

TEST(Csv, ApostropheOfOthersStays) {
  EXPECT_EQ(csv_value("'tis"), "'tis");
  EXPECT_EQ(csv_value("'-5"), "'-5");
  EXPECT_EQ(csv_value("'"), "'");
  EXPECT_EQ(csv_value(""), "");
}

}  // namespace
}  // namespace penstock
