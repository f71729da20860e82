// SPDX-License-Identifier: Apache-2.0
#include "classify/lint.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::classify;

namespace {

std::string words(const std::vector<config::Problem>& problems) {
  std::string all;
  for (const config::Problem& problem : problems) all += config::format_problem(problem) + "\n";
  return all;
}

std::string lint_rule(const std::string& rule, const std::string& head = "") {
  return words(
      lint({{"own.toml", head + "[[rule]]\n" + rule + "\nclass = \"policy\"\nreference = \"https://e.test/\"\n"}}));
}

}  // namespace

// The one test of every rule: each lands on its own samples and on none of its near misses.
TEST(Lint, ShippedRulesAreClean) {
  EXPECT_EQ(words(lint_shipped()), "");
}

TEST(Lint, GoodRuleOfOnesOwnIsClean) {
  EXPECT_EQ(
      lint_rule("id = \"mine\"\npattern = 'frobnicated'\nsamples = [\"550 frobnicated\"]\nnear_misses = [\"550 x\"]"),
      "");
}

TEST(Lint, SampleThatLandsElsewhereIsTold) {
  const std::string problems =
      words(lint({{"own.toml",
                   "[[rule]]\nid = \"first\"\npattern = 'foo'\nclass = \"policy\"\nreference = "
                   "\"https://e.test/\"\nsamples = [\"550 foo\"]\n"
                   "[[rule]]\nid = \"second\"\npattern = 'foo bar'\nclass = \"virus\"\nreference = "
                   "\"https://e.test/\"\nsamples = [\"550 foo bar\"]\n"}}));
  EXPECT_NE(problems.find("own.toml:7:1: rule \"second\": its sample \"550 foo bar\" lands on first"),
            std::string::npos)
      << problems;
}

TEST(Lint, NearMissThatMatchesIsTold) {
  EXPECT_NE(lint_rule("id = \"a\"\npattern = 'frob'\nsamples = [\"550 frob\"]\nnear_misses = [\"550 frobs\"]")
                .find("its near miss \"550 frobs\" matches"),
            std::string::npos);
}

TEST(Lint, BroadRuleWithoutNearMissesIsTold) {
  const std::string words_only = "id = \"a\"\npattern = 'frob'\nsamples = [\"550 5.9.9 frob\"]";
  const std::string told = "it has no near misses, but is asked about every reply";
  EXPECT_NE(lint_rule(words_only).find(told), std::string::npos);
  EXPECT_NE(lint_rule(words_only, "provider = \"yahoo\"\neverywhere = true\n").find(told), std::string::npos);
  EXPECT_EQ(lint_rule(words_only, "provider = \"yahoo\"\n"), "");
  EXPECT_EQ(lint_rule(words_only + "\nstatus = \"5.9.9\""), "");
  EXPECT_EQ(lint_rule(words_only + "\ncode = \"550\""), "");
}

TEST(Lint, WhatIsMissingIsTold) {
  EXPECT_NE(lint_rule("id = \"a\"\npattern = 'frob'").find("it has no samples"), std::string::npos);
  EXPECT_NE(words(lint({{"own.toml",
                         "[[rule]]\nid = \"a\"\npattern = 'frob'\nclass = \"policy\"\nsamples = \"550 frob\"\n"}}))
                .find("it has no reference"),
            std::string::npos);
}

TEST(Lint, IdTwiceIsTold) {
  const std::string rule =
      "[[rule]]\nid = \"a\"\npattern = 'frob'\nclass = \"policy\"\nreference = \"https://e.test/\"\nsamples = [\"550 "
      "frob\"]\n";
  EXPECT_NE(words(lint({{"own.toml", rule + rule}})).find("the id is taken, see own.toml:1"), std::string::npos);
}

TEST(Lint, CapitalsInAPatternAreTold) {
  EXPECT_NE(lint_rule("id = \"a\"\npattern = 'Frob'\nsamples = [\"550 Frob\"]").find("capital letters"),
            std::string::npos);
  EXPECT_EQ(lint_rule("id = \"a\"\npattern = 'frob\\S'\nsamples = [\"550 frobs\"]\nnear_misses = [\"550 x\"]"), "");
}

TEST(Lint, SyntaxHasNoCapitalLetters) {
  for (const char* pattern : {"a\\pL*b", "a\\S+b", "\\p{Greek}b", "(?P<Name>ab)", "a\\x4Ab"}) {
    const std::string told = lint_rule("id = \"a\"\npattern = '" + std::string(pattern) +
                                       "'\nsamples = [\"550 x\"]\nnear_misses = [\"550 y\"]");
    EXPECT_EQ(told.find("capital letters"), std::string::npos) << told;
  }
  EXPECT_NE(lint_rule("id = \"a\"\npattern = 'a\\pLB'\nsamples = [\"550 x\"]").find("capital"), std::string::npos);
}

TEST(Lint, RuleThatLeavesShippedOnesNothingIsWarnedOf) {
  const std::string greedy =
      lint_rule("id = \"mine\"\npattern = '[a-z]'\nsamples = [\"550 frob\"]", "provider = \"gmail\"\n");
  EXPECT_NE(greedy.find("rule \"mine\" takes all that the shipped rules "), std::string::npos) << greedy;
  EXPECT_NE(greedy.find(" more are for"), std::string::npos) << greedy;
  EXPECT_NE(greedy.find("warning"), std::string::npos) << greedy;
  // One that replaces another by its id, and one that takes a part, are as meant.
  EXPECT_EQ(lint_rule("id = \"gmail-try-again\"\npattern = 'try again'\nsamples = [\"421 4.7.0 Try again later\"]",
                      "provider = \"gmail\"\n"),
            "");
}

TEST(Lint, UnknownProviderIsTold) {
  const std::string rule = "id = \"a\"\npattern = 'frob'\nsamples = [\"550 frob\"]";
  EXPECT_NE(lint_rule(rule, "provider = \"yaho\"\n").find("there is no provider \"yaho\"; did you mean \"yahoo\"?"),
            std::string::npos);
  EXPECT_EQ(lint_rule(rule, "provider = \"aol\"\n"), "");
  EXPECT_EQ(words(lint({{"own.toml", "provider = \"Mine\"\n[[rule]]\n" + rule +
                                         "\nclass = \"policy\"\nreference = \"https://e.test/\"\n"}},
                       {"mine"})),
            "");
}

TEST(Lint, FormIsCheckedFirst) {
  EXPECT_NE(words(lint({{"own.toml", "no toml"}})).find("own.toml:1:"), std::string::npos);
  EXPECT_NE(words(lint_folder("/nonexistent/rules")).find("cannot be read"), std::string::npos);
}

TEST(CostlyPart, RepetitionOverBlanksIsCostly) {
  for (const char* bad : {"a.*b",
                          "a.+b",
                          "a.{3,}b",
                          "[^x]*",
                          "[^x]+y",
                          "[a ]+",
                          "[\\s]*",
                          "\\W+",
                          "\\D*",
                          ".{0,40}",
                          "a{17}",
                          "[^ ]{1,60} ",
                          "(?:.)*",
                          "(?:[^x])+",
                          "(?:[a-z]+ )*",
                          "(?:a |to [^ ]+ )*",
                          "((?:[a-z]+ b)c)+",
                          "(?P<n>.){2,}",
                          "(?:ab){20}",
                          "a(\\s|\\S)+b",
                          "a[[:alpha:] ]*b",
                          "(?: |[a-z])*",
                          "(?:\\s\\S)*",
                          "[!-~ ]+",
                          "[\\x00-\\xff]*",
                          "[[:^alpha:]]+",
                          "(?:(?: )|(?:[a-z]))+",
                          "\\PL*",
                          "(?:[a-z][a-z] )*",
                          "\\p{L}*.*"}) {
    EXPECT_NE(costly_part(bad), "") << bad;
  }
}

TEST(CostlyPart, BoundedOrWordwiseRepetitionIsNot) {
  for (
      const char* good :
      {"",        "abc",         "[^ ]+ ",       "[a-z]*",         "[0-9]+",           "a?b?",           ".{0,3}x",
       "\\d+",    "(?:a|b)*",    "\\.*",         "[^\\s]+",        "\\x{80}",          "x{3}",           "a\\+b",
       "[.*]",    "a{",          "]+",           "(?:foo bar)?",   "(?: [a-z]+){1,4}", "(?:[a-z]+\\.)+", "(a b)(c)*",
       "a\\pL*b", "\\p{Greek}+", "[[:alpha:]]*", "[[:alpha:]-]+",  "\\xe9*",           "\\s+",           "[[:space:]]*",
       "( *)x",   "\\(a b\\)*",  "a)*",          "(?:the |our )*", "((?:a b)c)*"}) {
    EXPECT_EQ(costly_part(good), "") << good;
  }
}
