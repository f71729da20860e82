// SPDX-License-Identifier: Apache-2.0
#include "classify/rule_set.h"

#include <gtest/gtest.h>

#include <set>

#include "classify/literal_finder.h"

using namespace penstock::classify;
using penstock::model::Step;

namespace {

Rule rule(std::string id, std::string pattern) {
  Rule made;
  made.id = std::move(id);
  made.pattern = std::move(pattern);
  return made;
}

std::string found(const std::vector<Rule>& rules, const Said& said) {
  std::vector<const Rule*> pointers;
  for (const Rule& one : rules) pointers.push_back(&one);
  const Rule* hit = RuleSet(pointers).find(said);
  return hit == nullptr ? "" : hit->id;
}
Said said(std::uint16_t code, std::string text) {
  Said made;
  made.code = code;
  made.text = std::move(text);
  return made;
}

std::set<std::uint32_t> tags_in(const LiteralFinder& finder, std::string_view text) {
  std::set<std::uint32_t> tags;
  finder.find(text, [&](std::uint32_t tag) { tags.insert(tag); });
  return tags;
}

}  // namespace

TEST(LiteralFinder, FindsTextsWithinEachOther) {
  LiteralFinder finder;
  const char* texts[] = {"he", "she", "his", "hers", "us", "ushers"};
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_TRUE(finder.add(texts[i], i));
  finder.build();
  EXPECT_EQ(tags_in(finder, "ushers"), (std::set<std::uint32_t>{0, 1, 3, 4, 5}));
  EXPECT_EQ(tags_in(finder, "xhisx"), (std::set<std::uint32_t>{2}));
  EXPECT_TRUE(tags_in(finder, "nothing").empty());
  EXPECT_TRUE(tags_in(finder, "").empty());
}

TEST(LiteralFinder, TakesBytesOfAnyValueAndSeveralTags) {
  LiteralFinder finder;
  EXPECT_TRUE(finder.add("\xd0\xbd\xff", 1));
  EXPECT_TRUE(finder.add("\xd0\xbd\xff", 2));
  EXPECT_FALSE(finder.add("", 3));
  finder.build();
  EXPECT_EQ(tags_in(finder, "a \xd0\xbd\xff b"), (std::set<std::uint32_t>{1, 2}));
}

TEST(LiteralFinder, SaysWhenItIsFull) {
  LiteralFinder finder;
  EXPECT_FALSE(finder.add(std::string(70'000, 'x'), 1));
  EXPECT_TRUE(finder.add("x", 1));
}

TEST(RuleSet, FirstInOrderWins) {
  const std::vector<Rule> rules{rule("broad", "user"), rule("narrow", "user unknown")};
  EXPECT_EQ(found(rules, said(550, "user unknown")), "broad");
  EXPECT_EQ(found({rules[1], rules[0]}, said(550, "user unknown")), "narrow");
  EXPECT_EQ(found(rules, said(550, "nothing")), "");
  EXPECT_EQ(found({}, said(550, "nothing")), "");
}

TEST(RuleSet, AlsoAndUnlessNarrowAPattern) {
  Rule both = rule("both", "disabled");
  both.also = "mailbox|account";
  both.unless = "sender";
  EXPECT_EQ(found({both}, said(550, "account disabled")), "both");
  EXPECT_EQ(found({both}, said(550, "disabled account")), "both");
  EXPECT_EQ(found({both}, said(550, "disabled")), "");
  EXPECT_EQ(found({both}, said(550, "sender account disabled")), "");
}

TEST(RuleSet, CodesMustFitToo) {
  Rule four = rule("four", "later");
  four.codes = {*parse_code_pattern("4xx")};
  EXPECT_EQ(found({four}, said(450, "later")), "four");
  EXPECT_EQ(found({four}, said(550, "later")), "");
  Rule status = rule("status", "");
  status.status = {*parse_code_pattern("x.7.28"), *parse_code_pattern("5.1.x")};
  Said by_status = said(550, "anything");
  EXPECT_EQ(found({status}, by_status), "");
  by_status.enhanced = {4, 7, 28};
  EXPECT_EQ(found({status}, by_status), "status");
  by_status.enhanced = {4, 1, 1};
  EXPECT_EQ(found({status}, by_status), "");
}

TEST(RuleSet, CodesAloneWaitForTheirTurn) {
  Rule by_code = rule("by-code", "");
  by_code.codes = {*parse_code_pattern("550")};
  EXPECT_EQ(found({rule("words", "user"), by_code}, said(550, "user")), "words");
  EXPECT_EQ(found({by_code, rule("words", "user")}, said(550, "user")), "by-code");
}

TEST(RuleSet, UnknownStepFitsWordsButNotCodesAlone) {
  Rule words = rule("words", "user");
  words.steps = {Step::Rcpt};
  Rule codes = rule("codes", "");
  codes.codes = {*parse_code_pattern("550")};
  codes.steps = {Step::Rcpt};
  Said reply = said(550, "user");
  EXPECT_EQ(found({words}, reply), "words");
  EXPECT_EQ(found({codes}, reply), "");
  reply.step = Step::Rcpt;
  EXPECT_EQ(found({codes}, reply), "codes");
  reply.step = Step::Mail;
  EXPECT_EQ(found({words}, reply), "");
}

TEST(RuleSet, PatternsWithoutLiteralsAreTried) {
  EXPECT_EQ(found({rule("digits", "^[0-9]+$")}, said(550, "12345")), "digits");
  EXPECT_EQ(found({rule("short", "\\bx\\b")}, said(550, "a x b")), "short");
  EXPECT_EQ(found({rule("choice", "(?:user|mailbox) (?:unknown|gone)")}, said(550, "mailbox gone")), "choice");
}

TEST(CodePattern, TextsParseOrAreRefused) {
  for (const char* good : {"421", "4xx", "5xx", "0", "5.7.1", "x.7.28", "5.7.x", "4.x.x"}) {
    EXPECT_TRUE(parse_code_pattern(good)) << good;
  }
  for (const char* bad :
       {"", "4", "42", "4210", "2xx", "250", "xxx", "4x1", "5.7", "6.7.1", "5.7.1.1", "5..1", "a.b.c"}) {
    EXPECT_FALSE(parse_code_pattern(bad)) << bad;
  }
}

TEST(CodePattern, RangeMeansItsEndsAndWhatIsBetween) {
  const auto range = parse_code_pattern("5.7.606-649");
  ASSERT_TRUE(range);
  for (const std::uint16_t detail : {606, 620, 649}) EXPECT_TRUE(range->matches(550, {5, 7, detail})) << detail;
  for (const std::uint16_t detail : {605, 650, 6}) EXPECT_FALSE(range->matches(550, {5, 7, detail})) << detail;
  EXPECT_FALSE(range->matches(450, {4, 7, 606}));
  EXPECT_FALSE(range->matches(550, {}));
  for (const char* bad : {"5.7.649-606", "5.7.6-", "5.7.-6", "5.7.x-9", "5.7.6-x", "5.7.6-6", "5.7.1-2-3"}) {
    EXPECT_FALSE(parse_code_pattern(bad)) << bad;
  }
}
