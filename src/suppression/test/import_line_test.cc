// SPDX-License-Identifier: Apache-2.0
#include "suppression/import_line.h"

#include <gtest/gtest.h>

namespace penstock::suppression {
namespace {

LineReader csv() {
  return {Format::Csv, {}, {}};
}
LineReader ndjson() {
  return {Format::Ndjson, {}, {}};
}

TEST(FormatOf, LooksAtTheFirstLine) {
  EXPECT_EQ(format_of("  {\"address\":\"a@x\"}"), Format::Ndjson);
  EXPECT_EQ(format_of("address,cause"), Format::Csv);
  EXPECT_EQ(format_of(""), Format::Csv);
}

TEST(CsvLine, AloneIsAnAddress) {
  auto reader = csv();
  const auto entry = reader.read("User@Example.com\r");
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->address, "user@example.com");
  EXPECT_EQ((*entry)->cause, Cause::Operator);
}

TEST(CsvLine, WithoutHeadingColumnsHaveTheirOrder) {
  auto reader = csv();
  const auto entry =
      reader.read("a@x.example,stream:news,complaint,\"he said \"\"no\"\", twice\",,note,root,2026-11-24");
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->scope.to_string(), "stream:news");
  EXPECT_EQ((*entry)->cause, Cause::Complaint);
  EXPECT_EQ((*entry)->reason, "he said \"no\", twice");
  EXPECT_EQ((*entry)->note, "note");
  EXPECT_EQ((*entry)->since, Time{std::chrono::seconds{1'795'478'400}});
}

TEST(CsvLine, HeadingNamesTheColumns) {
  auto reader = csv();
  EXPECT_FALSE(*reader.read("\xEF\xBB\xBFName, Email ,Cause"));
  const auto entry = reader.read("Jo,a@x.example,unsubscribe");
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->address, "a@x.example");
  EXPECT_EQ((*entry)->cause, Cause::Unsubscribe);
}

// An export guards what a spreadsheet would run (base/csv.h).
TEST(CsvLine, GuardOfAFormulaIsTakenOff) {
  auto reader = csv();
  const auto entry = reader.read("\"'=a@x.example\",,,\"'@said \"\"no\"\"\",'s,\"''-x\"");
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->address, "=a@x.example");
  EXPECT_EQ((*entry)->reason, "@said \"no\"");
  EXPECT_EQ((*entry)->source, "'s");
  EXPECT_EQ((*entry)->note, "'-x");
}

TEST(CsvLine, BlankLinesAndCommentsAreNothing) {
  auto reader = csv();
  for (const char* line : {"", "  ", "# a remark, with commas"}) {
    const auto entry = reader.read(line);
    ASSERT_TRUE(entry);
    EXPECT_FALSE(*entry);
  }
}

TEST(CsvLine, BadOnesSayWhatIsWrong) {
  const std::pair<std::string, const char*> cases[] = {
      {"nobody", "no @"},
      {"a@x.example,galaxy", "galaxy"},
      {"a@x.example,,tired", "tired"},
      {"a@x.example,,,,,,,yesterday", "yesterday"},
      {"\"a@x.example", "not closed"},
      {"\"a\"b@x.example", "closing quote"},
      {"a@x.example,1,2,3,4,5,6,7,8,9,10", "fields"},
      {",global", "no address"},
      {"a@x.example,,," + std::string(1'500, 'x'), "1000 bytes"},
      {std::string(5'000, 'x'), "4000 bytes"},
  };
  for (const auto& [line, words] : cases) {
    auto reader = csv();
    ASSERT_TRUE(reader.read("first@x.example"));
    const auto entry = reader.read(line);
    ASSERT_FALSE(entry) << line;
    EXPECT_NE(entry.error().detail.find(words), std::string::npos) << entry.error().detail;
  }
}

TEST(NdjsonLine, HasTheMembersOfAnEntry) {
  auto reader = ndjson();
  const auto entry = reader.read(
      R"({"address":"A@x.example","scope":"list:weekly","cause":"policy","investigate":true,"until":1800000000,)"
      R"("reason":"550 5.7.1","seq":7,"note":null})");
  ASSERT_TRUE(entry && *entry) << entry.error().detail;
  EXPECT_EQ((*entry)->address, "a@x.example");
  EXPECT_EQ((*entry)->scope.to_string(), "list:weekly");
  EXPECT_TRUE((*entry)->investigate);
  EXPECT_EQ((*entry)->until, Time{std::chrono::seconds{1'800'000'000}});
}

TEST(NdjsonLine, BadOnesSayWhatIsWrong) {
  for (const char* line : {"nonsense", "[1]", R"({"cause":"policy"})", R"({"address":{"a":1}})", R"({"address":"x"})",
                           R"({"address":"a@x.example","until":-1})", R"({"a":{"a":{"a":{"a":{"a":1}}}}})"}) {
    auto reader = ndjson();
    const auto entry = reader.read(line);
    ASSERT_FALSE(entry) << line;
    EXPECT_FALSE(entry.error().detail.empty());
  }
}

TEST(LineReader, DefaultsFillIn) {
  Entry defaults;
  defaults.cause = Cause::Unsubscribe;
  defaults.scope = *parse_scope("stream:news");
  LineReader reader(Format::Csv, defaults, {});
  EXPECT_EQ((*reader.read("a@x.example"))->cause, Cause::Unsubscribe);
  EXPECT_EQ((*reader.read("a@x.example,global"))->scope.to_string(), "global");
}

TEST(ParseTime, TableOfForms) {
  const auto at = [](std::int64_t seconds) { return std::optional(Time{std::chrono::seconds{seconds}}); };
  EXPECT_EQ(parse_time("1795509000"), at(1'795'509'000));
  EXPECT_EQ(parse_time("2026-11-24T08:30:00Z"), at(1'795'509'000));
  EXPECT_EQ(parse_time("2026-11-24 08:30:00.25"), at(1'795'509'000));
  EXPECT_EQ(parse_time("2026-11-24T10:30:00+02:00"), at(1'795'509'000));
  EXPECT_EQ(parse_time("2026-11-24T05:30:00-03:00"), at(1'795'509'000));
  for (const char* bad : {"", "2026-13-01", "2026-02-30", "2026-11-24T25:00:00", "2026-11-24T08:30:00+2", "1899-01-01",
                          "-5", "99999999999999"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

}  // namespace
}  // namespace penstock::suppression
