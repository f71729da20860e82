// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md has each table's keys between <!-- keys: NAME --> and <!-- end -->, as known_settings() says
// them. With PENSTOCK_UPDATE_GOLDEN=1 in the environment those lines are written anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "config/describe.h"

namespace penstock::config {
namespace {

const std::string kPage = std::string(PENSTOCK_SOURCE_DIR) + "/docs/configuration.md";

std::string read_page() {
  std::ifstream file(kPage);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// In backquotes when it is what would be written in the file.
std::string default_cell(const std::string& value) {
  const bool literal = value.find_first_of("\"[0123456789") == 0 || value == "true" || value == "false";
  return literal ? "`" + value + "`" : value;
}

std::string rows_of(const std::string& table) {
  std::string rows = "| key | kind | default | change | meaning |\n|---|---|---|---|---|\n";
  for (const KnownSetting& known : known_settings()) {
    if (known.table != table) continue;
    rows += "| `" + known.key + "` | " + known.kind + (known.bounds.empty() ? "" : ": " + known.bounds) + " | " +
            default_cell(known.default_value) + " | " + (known.needs_restart ? "restart" : "live") + " | " +
            known.help + " |\n";
  }
  return rows;
}

TEST(ConfigurationPage, ListsEveryKeyWithItsDefaultAndBounds) {
  std::string page = read_page();
  for (const TopTable& top : tables()) {
    const std::string begin = "<!-- keys: " + top.name + " -->\n";
    const std::size_t from = page.find(begin);
    ASSERT_NE(from, std::string::npos) << "docs/configuration.md lacks " << begin;
    const std::size_t until = page.find("<!-- end -->", from);
    ASSERT_NE(until, std::string::npos);
    const std::size_t at = from + begin.size();
    if (std::getenv("PENSTOCK_UPDATE_GOLDEN") != nullptr) page.replace(at, until - at, rows_of(top.name));
    EXPECT_EQ(page.substr(at, page.find("<!-- end -->", at) - at), rows_of(top.name)) << top.name;
  }
  if (std::getenv("PENSTOCK_UPDATE_GOLDEN") != nullptr) std::ofstream(kPage) << page;
}

TEST(ConfigurationPage, EveryTableHasASection) {
  const std::string page = read_page();
  for (const TopTable& top : tables()) {
    const std::string heading =
        std::string("\n## `") + (top.is_list ? "[[" : "[") + top.name + (top.is_list ? "]]" : "]");
    EXPECT_NE(page.find(heading), std::string::npos) << heading;
  }
}

TEST(KnownSettings, HaveHelpAndAnAnswerToEachQuestion) {
  for (const KnownSetting& known : known_settings()) {
    EXPECT_FALSE(known.kind.empty()) << known.table << "." << known.key;
    EXPECT_FALSE(known.default_value.empty()) << known.table << "." << known.key;
    EXPECT_FALSE(known.help.empty()) << known.table << "." << known.key;
    EXPECT_EQ(known.help.find('|'), std::string::npos);
  }
}

}  // namespace
}  // namespace penstock::config
