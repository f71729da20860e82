// SPDX-License-Identifier: Apache-2.0
// Kinds of values, each as a table: what is written, what is read back, or what is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/addresses.h"
#include "config/check.h"
#include "config/nearest.h"
#include "config/rules.h"
#include "config/syntax.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The value read and written again, or "! " and what is wrong.
template <class T>
std::string read_back(const Kind<T>& kind, const std::string& toml) {
  Problems problems;
  const auto document = parse_toml("key = " + toml + "\n", problems.add_file("x.toml"), problems);
  if (!document) return "! not TOML";
  T out{};
  Complaints complaints(problems, "table.key", "key");
  const bool good = kind.read(*document->find("key"), out, complaints);
  EXPECT_EQ(good, !problems.any_error()) << toml;
  if (good) return kind.write(out);
  const Problem problem = problems.sorted().front();
  EXPECT_EQ(problem.line, 1U);
  EXPECT_GT(problem.column, 6U);
  EXPECT_EQ(problem.key, "table.key");
  return "! " + problem.message + (problem.suggestion.empty() ? "" : "; " + problem.suggestion);
}

struct Case {
  const char* toml;
  const char* expected;
};
template <class T>
void expect_all(const Kind<T>& kind, std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_THAT(read_back(kind, c.toml), HasSubstr(c.expected)) << c.toml;
}
template <class T>
void expect_refused(const Kind<T>& kind, std::initializer_list<const char*> texts) {
  for (const char* text : texts) EXPECT_THAT(read_back(kind, text), testing::StartsWith("! key ")) << text;
}

TEST(ConfigNumbers, AreReadWithinTheirBounds) {
  expect_all(number(1, 50'000), {{"1", "1"},
                                 {"50_000", "50000"},
                                 {"0", "! key must be from 1 to 50,000, not 0"},
                                 {"50001", "not 50001"},
                                 {"-1", "not -1"},
                                 {"9223372036854775807", "! key must be from 1"},
                                 {"1.5", "! key must be a whole number, not the number 1.5"},
                                 {"\"7\"", "write it without quotes"},
                                 {"true", "not true"},
                                 {"[1]", "not a list"},
                                 {"{ a = 1 }", "not a table"},
                                 {"1979-05-27", "not a date or time"}});
  expect_all(decimal(0, 0.9),
             {{"0", "0"}, {"0.25", "0.25"}, {"0.91", "from 0 to 0.9"}, {"nan", "! "}, {"inf", "! "}, {"\"1\"", "! "}});
  expect_all(flag(), {{"true", "true"}, {"false", "false"}, {"\"true\"", "write it without quotes"}, {"1", "! "}});
}

TEST(ConfigSizesAndSpans, AreReadWithinTheirBounds) {
  expect_all(size(1024, 1 << 30), {{"\"1 KiB\"", "\"1 KiB\""},
                                   {"\"1.5 MiB\"", "\"1536 KiB\""},
                                   {"\"1 B\"", "! key must be from 1 KiB to 1 GiB, not 1 B"},
                                   {"\"2 GiB\"", "not 2 GiB"},
                                   {"\"ten\"", "! key must be a size"},
                                   {"5000", "the unit belongs to the value: \"5000 KiB\""}});
  expect_all(size_per_second(1024, 1 << 30),
             {{"\"1 MiB/s\"", "\"1 MiB/s\""}, {"\"1 MiB\"", "! key must be a size per second"}});
  expect_all(small_size(512, 65536), {{"\"4 KiB\"", "\"4 KiB\""}, {"\"1 GiB\"", "! "}});
  expect_all(span(1s, 1h), {{"\"90s\"", "\"1m30s\""},
                            {"\"1h\"", "\"1h\""},
                            {"\"61m\"", "! key must be from 1s to 1h, not 61m"},
                            {"30", "\"30s\""}});
  expect_all(span_or_off(1min, 1h), {{"\"off\"", "\"off\""}, {"\"4m\"", "\"4m\""}, {"\"0s\"", "! "}});
  expect_all(rate(), {{"\"10/s\"", "\"10/s\""},
                      {"\"600/min\"", "\"600/min\""},
                      {"\"0/s\"", "! "},
                      {"\"1e9/s\"", "! "},
                      {"\"9999999/s\"", "from 1/d to 1000000/s"},
                      {"\"0.5/d\"", "from 1/d"},
                      {"10", "! "}});
}

TEST(ConfigTexts, FollowTheirRules) {
  expect_all(absolute_path(),
             {{"\"/var/x\"", "\"/var/x\""}, {"\"var\"", "begin it with \"/\""}, {"1", "write it in quotes"}});
  expect_all(name(), {{"\"v1.a_b-c\"", "\"v1.a_b-c\""}});
  expect_refused(name(), {"\"\"", "\"-a\"", "\"a b\"", "\"a\\nb\"", "\"\u00e4\""});
  expect_all(domain(), {{"\"Example.COM.\"", "\"example.com\""},
                        {"\"m\u00fcller.example\"", "\"m\u00fcller.example\""},
                        {"\"a@b.example\"", "leave out what stands up to the @"}});
  expect_refused(domain(), {"\"\"", "\"a..b\"", "\"-a.b\"", "\"a b\"", "\"192.0.2.1\"", "\"*.a\"", "\".\""});
  expect_all(domain_pattern(), {{"\"*.Example.com\"", "\"*.example.com\""},
                                {"\"*\"", "would take all mail"},
                                {"\".example.com\"", "write \"*.example.com\""},
                                {"\"a.*.b\"", "! "}});
  expect_all(header_name(),
             {{"\"X-Job\"", "\"X-Job\""}, {"\"X-Job:\"", "leave out the colon"}, {"\"X Job\"", "! "}, {"\"\"", "! "}});
  expect_all(sender_pattern(), {{"\"@a.example\"", "\"@a.example\""},
                                {"\"news-*@a.example\"", "news"},
                                {"\"a.example\"", "write \"@a.example\" for the whole domain"},
                                {"\"a b@c\"", "! "}});
  expect_all(mail_address(), {{"\"a@b.example\"", "\"a@b.example\""}});
  expect_refused(mail_address(), {"\"@b.example\"", "\"a\"", "\"a@\"", "\"a @b.example\""});
}

TEST(ConfigWindows, FollowTheirRules) {
  expect_all(days(), {{"\"Mon-Fri,sun\"", "\"mon-fri,sun\""}, {"\"fri-mon, wed\"", "fri-mon"}});
  expect_refused(days(), {"\"\"", "\"mon-\"", "\"mon,,tue\"", "\"monday\"", "\"mon-tue-wed\""});
  expect_all(hours(), {{"\"08:00-22:00\"", "08:00"},
                       {"\"22:00-06:00\"", "22:00"},
                       {"\"00:00-24:00\"", "24:00"},
                       {"\"08:00-08:00\"", "write \"00:00-24:00\""}});
  expect_refused(hours(),
                 {"\"8-22\"", "\"08:00\"", "\"08:60-09:00\"", "\"08:00-24:01\"", "\"ab:cd-ef:gh\"", "\"+1:00-02:00\""});
  expect_all(zone(), {{"\"Europe/Berlin\"", "Berlin"}, {"\"Etc/GMT+5\"", "GMT"}});
  expect_refused(zone(), {"\"/etc/passwd\"", "\"a/../b\"", "\"\"", "\"a b\""});
  expect_all(file_mode(), {{"\"0660\"", "\"0660\""}, {"\"600\"", "\"0600\""}});
  expect_refused(file_mode(), {"\"0066\"", "\"1777\"", "\"0680\"", "660", "\"\""});
}

TEST(ConfigAddresses, AreReadInEveryForm) {
  const auto listen = endpoint({Host::AddressOnly});
  expect_all(listen, {{"\"127.0.0.1:2525\"", "\"127.0.0.1:2525\""},
                      {"\"[::1]:25\"", "\"[::1]:25\""},
                      {"\"[::ffff:127.0.0.1]:25\"", "\"127.0.0.1:25\""},
                      {"\"*:25\"", "write \"0.0.0.0:25\""},
                      {"\"localhost:25\"", "write \"127.0.0.1:25\""},
                      {"\"25\"", "write \"127.0.0.1:25\""},
                      {"\"2001:db8::1\"", "in brackets"},
                      {"\"127.0.0.1\"", "add the port"}});
  expect_refused(listen, {"\"127.0.0.1:0\"", "\"127.0.0.1:65536\"", "\"127.0.0.1:\"", "\"[::1]\"", "\"[::1]25\"",
                          "\"[::1:25\"", "\"[a.example]:25\"", "\"unix:/x\"", "\"a.example:25\"", "2525", "\"\""});
  const auto lmtp = endpoint({Host::NameOrAddress, UnixSocket::Accepted, 24});
  expect_all(lmtp, {{"\"unix:/run/l.sock\"", "\"unix:/run/l.sock\""},
                    {"\"MX.example\"", "\"mx.example:24\""},
                    {"\"::1\"", "\"[::1]:24\""},
                    {"\"mx.example:26\"", "26"}});
  expect_refused(lmtp, {"\"unix:run\"", "\"mx.example:\"", "\"a b:25\""});
  expect_all(network(), {{"\"10.0.0.0/8\"", "\"10.0.0.0/8\""},
                         {"\"::1\"", "\"::1\""},
                         {"\"10.1.0.0/8\"", "did you mean \"10.0.0.0/8\""},
                         {"7", "! "}});
  expect_refused(address(), {"\"0.0.0.0\"", "\"::\"", "\"a.example\"", "\"10.0.0.0/8\""});
}

TEST(ConfigRoutes, AreReadInEveryForm) {
  expect_all(route(), {{"\"mx\"", "\"mx\""},
                       {"\"null\"", "\"null\""},
                       {"{ relay = \"a.example\" }", "{ relay = [\"a.example:25\"] }"},
                       {"{ lmtp = [\"unix:/l\", \"[::1]:24\"] }", "{ lmtp = [\"unix:/l\", \"[::1]:24\"] }"},
                       {"\"a.example:25\"", "for a fixed host write { relay = [\"a.example:25\"] }"},
                       {"{ relay = [] }", "names no host"}});
  expect_refused(route(),
                 {"{ relay = [\"unix:/x\"] }", "{ relay = [\"a\"], lmtp = [\"b\"] }", "{ smtp = [\"a\"] }", "7", "[]"});
  expect_all(pairs(header_name(), "patterns"), {{"{ \"X-A\" = \"b*\" }", "{ \"X-A\" = \"b*\" }"},
                                                {"{ \"X A\" = \"b\" }", "! "},
                                                {"{ X = 1 }", "! "},
                                                {"\"x\"", "! "}});
}

TEST(ConfigLists, AreBoundedAndNameEveryBadElement) {
  const auto list = list_of(number(1, 9), "list of numbers", 3);
  expect_all(list, {{"[1, 2]", "[1, 2]"},
                    {"[]", ""},
                    {"[1, 2, 3, 4]", "! key has more than 3 entries"},
                    {"1", "put it in brackets"}});
  Problems problems;
  const auto document = parse_toml("key = [0, 5, 10]\n", problems.add_file("x"), problems);
  std::vector<std::uint32_t> out;
  Complaints complaints(problems, "key", "key");
  EXPECT_FALSE(list.read(*document->find("key"), out, complaints));
  EXPECT_EQ(problems.sorted().size(), 2U);
  EXPECT_THAT(out, testing::ElementsAre(5U));
}

TEST(Nearest, NamesWhatWasProbablyMeant) {
  const std::vector<std::string> known{"connections", "connection_rate", "name", "mx"};
  EXPECT_EQ(nearest("conections", known), "connections");
  EXPECT_EQ(nearest("Connections", known), "connections");
  EXPECT_EQ(nearest("connecitons", known), "connections");
  EXPECT_EQ(nearest("nmae", known), "name");
  EXPECT_EQ(nearest("nam", known), "name");
  EXPECT_EQ(nearest("retry", known), "");
  EXPECT_EQ(nearest("z", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), known), "");
  EXPECT_EQ(did_you_mean("nmae", known), "did you mean \"name\"?");
}

TEST(Shadows, EarlierMatchThatTakesAllOfAnother) {
  const Match news{{{"X-Type", "news"}}, {}, {}, {}, {}};
  Match german = news;
  german.header.emplace_back("X-Language", "de");
  EXPECT_TRUE(shadows(news, german));
  EXPECT_FALSE(shadows(german, news));
  EXPECT_TRUE(shadows(news, news));
  EXPECT_TRUE(shadows(Match{{{"x-type", "*"}}, {}, {}, {}, {}}, news));
  EXPECT_FALSE(shadows(Match{{{"X-Type", "bill"}}, {}, {}, {}, {}}, news));
  const Match senders{{}, {"@a.example", "@b.example"}, {}, {}, {}};
  EXPECT_TRUE(shadows(senders, Match{{}, {"@A.example"}, {}, {}, {}}));
  EXPECT_FALSE(shadows(senders, Match{{}, {"@a.example", "@c.example"}, {}, {}, {}}));
  EXPECT_FALSE(shadows(senders, news));
  EXPECT_TRUE(shadows(Match{{}, {"*"}, {}, {}, {}}, news));
}

TEST(ParseToml, WhatTheLibraryStumblesOverIsASyntaxError) {
  // Found by fuzzing: an assertion, and a promise to the optimizer that does not hold.
  for (const char* text :
       {"[[\na = 1\n", "[\n", "\uFE7F[[a]]\n", "a = \uFEF0\n", "[a.\uFE80]\n", "a = {\uFEA0 = 1}\n"}) {
    Problems problems;
    EXPECT_FALSE(parse_toml(text, problems.add_file("x.toml"), problems)) << text;
    EXPECT_THAT(problems.sorted().at(0).message, testing::StartsWith("not TOML: ")) << text;
    EXPECT_FALSE(problems.complete());
  }
}

TEST(Problem, LinesHideControlCharactersAndSayWarning) {
  EXPECT_EQ(format_problem({"a.toml", 3, 4, "k", "bad \x1b[2J", "do", false}),
            "a.toml:3:4: bad \\x1b[2J; do (warning)");
  EXPECT_EQ(format_problem({"a.toml", 3, 4, "k", "bad \u009b\u202e", "do", true}),
            "a.toml:3:4: bad \\u009b\\u202e; do");
  EXPECT_EQ(format_problem({"a.toml", 0, 0, "", "gone", "", true}), "a.toml: gone");
}

}  // namespace
}  // namespace penstock::config
