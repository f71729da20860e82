// SPDX-License-Identifier: Apache-2.0
#include "classify/read_rules.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::classify;
using namespace std::chrono_literals;

namespace {

std::string problems_of(std::string_view text) {
  config::Problems problems;
  (void)read_rule_file(text, "test.toml", problems);
  std::string all;
  for (const config::Problem& problem : problems.sorted()) all += config::format_problem(problem) + "\n";
  return all;
}

constexpr std::string_view kWhole = R"(
provider = "example"
aliases = ["sample", "ex"]
reference = "https://example.com/codes"
everywhere = true
[[rule]]
id = "example-slow"
step = ["rcpt", "mail"]
code = ["421", "4xx"]
status = "x.7.28"
pattern = ['slow (?:down)?', 'too fast']
also = 'please'
unless = 'never'
class = "rate-limit"
scope = "source-ip"
wait = "30m"
final = false
alarm = true
samples = ["421 4.7.28 please slow down"]
near_misses = "421 slow"
)";

}  // namespace

TEST(ReadRules, EveryKeyIsRead) {
  config::Problems problems;
  const auto file = read_rule_file(kWhole, "test.toml", problems);
  ASSERT_TRUE(file && !problems.any_error());
  EXPECT_EQ(file->provider, "example");
  EXPECT_EQ(file->aliases.size(), 2U);
  ASSERT_EQ(file->rules.size(), 1U);
  const Rule& rule = file->rules[0];
  EXPECT_EQ(rule.steps.size(), 2U);
  EXPECT_EQ(rule.codes.size(), 2U);
  EXPECT_EQ(rule.status.size(), 1U);
  EXPECT_EQ(rule.pattern, "(?:slow (?:down)?)|(?:too fast)");
  EXPECT_EQ(rule.also, "please");
  EXPECT_EQ(rule.outcome_class, model::OutcomeClass::RateLimit);
  EXPECT_EQ(rule.scope, model::Scope::SourceIp);
  EXPECT_TRUE(rule.wait_told);
  EXPECT_EQ(rule.wait, 30min);
  EXPECT_EQ(rule.final, false);
  EXPECT_EQ(rule.alarm, true);
  EXPECT_EQ(rule.reference, "https://example.com/codes");
  EXPECT_TRUE(rule.everywhere);
  EXPECT_EQ(rule.place.line, 6U);
}

TEST(ReadRules, MistakesAreToldWithPlaceAndRemedy) {
  struct Case {
    std::string_view rule, words;
  };
  const Case cases[] = {
      {"pattern = 'x'\nclass = \"policy\"", "test.toml:1:1: the rule has no id"},
      {"id = \"a\"\npattern = 'x'", "the class is missing"},
      {"id = \"a\"\npattern = 'x'\nclass = \"polcy\"",
       "test.toml:4:9: rule \"a\": there is no class \"polcy\"; did you mean \"policy\"?"},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nscope = \"ip\"", "there is no scope \"ip\""},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nstep = \"rcptt\"",
       "there is no step \"rcptt\"; did you mean \"rcpt\"?"},
      {"id = \"a\"\npattern = '('\nclass = \"policy\"", "pattern \"(\" is no regular expression"},
      {"id = \"a\"\npattern = ''\nclass = \"policy\"", "is no regular expression"},
      {"id = \"a\"\nclass = \"policy\"", "it would match everything"},
      {"id = \"a\"\nalso = 'x'\ncode = \"550\"\nclass = \"policy\"", "\"also\" without \"pattern\""},
      {"id = \"a\"\ncode = \"5.1.1\"\nclass = \"policy\"", "code \"5.1.1\" is none; write it like 421 or 5xx"},
      {"id = \"a\"\nstatus = \"550\"\nclass = \"policy\"", "status \"550\" is none"},
      {"id = \"a\"\npattern = 3\nclass = \"policy\"", "pattern must be a text or a list of texts"},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nwait = \"soon\"", "wait \"soon\""},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nwait_is_told = true", "wait_is_told without a duration"},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nwait = \"told\"\nwait_is_told = true",
       "wait_is_told without a duration; say how long: wait = \"4h\""},
      {"id = \"a\"\npattern = 'x'\nclass = \"policy\"\nfinal = \"yes\"", "final must be true or false"},
      {"id = \"a\"\npatern = 'x'\nclass = \"policy\"", "unknown key \"patern\"; did you mean \"pattern\"?"},
  };
  for (const Case& c : cases) {
    const std::string problems = problems_of("[[rule]]\n" + std::string(c.rule) + "\n");
    EXPECT_NE(problems.find(c.words), std::string::npos) << c.rule << "\n" << problems;
  }
}

TEST(ReadRules, RuleMayKnowThatItsWordsAskForAWait) {
  config::Problems problems;
  const auto file = read_rule_file(
      "[[rule]]\nid = \"a\"\npattern = 'some hours'\nclass = \"rate-limit\"\nwait = \"4h\"\nwait_is_told = true\n",
      "test.toml", problems);
  ASSERT_TRUE(file && !problems.any_error());
  EXPECT_TRUE(file->rules[0].wait_is_told);
  EXPECT_EQ(file->rules[0].wait, 4h);
}

TEST(ReadRules, HeadsAreChecked) {
  EXPECT_NE(problems_of("provder = \"x\"\n").find("did you mean \"provider\"?"), std::string::npos);
  EXPECT_NE(problems_of("provider = 3\n").find("provider must be a text"), std::string::npos);
  EXPECT_NE(problems_of("rank = \"x\"\n").find("rank must be a number"), std::string::npos);
  EXPECT_NE(problems_of("aliases = [3]\n").find("a list of names"), std::string::npos);
  EXPECT_NE(problems_of("provider = \"x\"\n").find("the file has no [[rule]]"), std::string::npos);
  EXPECT_NE(problems_of("rule = [1]\n").find("a rule must be a table"), std::string::npos);
  EXPECT_NE(problems_of("this is not TOML").find("test.toml:1:"), std::string::npos);
}

TEST(ReadRules, BadRuleIsLeftOutAndTheOthersStay) {
  config::Problems problems;
  const auto file = read_rule_file(
      "[[rule]]\nid = \"bad\"\n[[rule]]\nid = \"good\"\npattern = 'x'\nclass = \"policy\"\n", "t.toml", problems);
  ASSERT_TRUE(file);
  ASSERT_EQ(file->rules.size(), 1U);
  EXPECT_EQ(file->rules[0].id, "good");
}

TEST(ReadRules, FolderIsReadByName) {
  config::Problems problems;
  const auto texts =
      config::read_toml_files(std::string(PENSTOCK_SOURCE_DIR) + "/conf/classify", "classify.rules", problems);
  EXPECT_FALSE(problems.any_error());
  EXPECT_EQ(texts.size(), shipped_texts().size());
  EXPECT_TRUE(std::is_sorted(texts.begin(), texts.end(), [](auto& a, auto& b) { return a.name < b.name; }));
}
