// SPDX-License-Identifier: Apache-2.0
#include "classify/catalog.h"

#include <gtest/gtest.h>

using namespace penstock::classify;

namespace {

Rule rule(std::string id, bool everywhere = false) {
  Rule made;
  made.id = std::move(id);
  made.pattern = "x";
  made.everywhere = everywhere;
  return made;
}
RuleFile file(std::string provider, std::vector<Rule> rules, std::int64_t rank = 50) {
  RuleFile made;
  made.provider = std::move(provider);
  made.rules = std::move(rules);
  made.rank = rank;
  return made;
}
std::vector<std::string> ids(const std::vector<const Rule*>& rules) {
  std::vector<std::string> names;
  for (const Rule* one : rules) names.push_back(one->id);
  return names;
}
using Ids = std::vector<std::string>;

}  // namespace

TEST(Catalog, NamesAreKnownWhateverTheirSpelling) {
  RuleFile gmx = file("gmx", {rule("a")});
  gmx.aliases = {"web.de", "1&1"};
  const Catalog catalog({gmx, file("yahoo", {rule("b")})}, {});
  for (const char* name : {"gmx", "GMX", "web.de", "webde", "Web.DE", "1&1", "GMX / web.de"}) {
    ASSERT_NE(catalog.find(name), nullptr) << name;
    EXPECT_EQ(catalog.find(name)->name, "gmx") << name;
  }
  EXPECT_EQ(catalog.find("AOL/Yahoo")->name, "yahoo");
  for (const char* name : {"", " ", "gm", "example", "---", "a-b-c-d"}) EXPECT_EQ(catalog.find(name), nullptr) << name;
  EXPECT_EQ(catalog.find(std::string(10'000, 'a') + " gmx"), nullptr);
}

TEST(Catalog, GeneralRulesComeByRankBehindThoseThatSpeakForThemselves) {
  const Catalog catalog({file("", {rule("late")}, 90), file("gmx", {rule("own"), rule("everywhere", true)}),
                         file("", {rule("early")}, 10)},
                        {});
  EXPECT_EQ(ids(catalog.general()), (Ids{"everywhere", "early", "late"}));
  EXPECT_EQ(ids(catalog.find("gmx")->rules), (Ids{"own", "everywhere"}));
}

TEST(Catalog, OperatorsRulesComeFirstAndReplaceShippedOnes) {
  const Catalog catalog({file("gmx", {rule("a"), rule("b")}), file("", {rule("g")}, 1)},
                        {file("GMX", {rule("mine"), rule("b")}), file("", {rule("general-mine")}, 99)});
  EXPECT_EQ(ids(catalog.find("gmx")->rules), (Ids{"mine", "b", "a"}));
  EXPECT_EQ(ids(catalog.general()), (Ids{"general-mine", "g"}));
}
