// SPDX-License-Identifier: Apache-2.0
#include "delivery/config_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/test/temp_folder.h"
#include "delivery/make_plan.h"

namespace penstock::delivery {
namespace {

using ::testing::HasSubstr;

class ConfigLintTest : public ::testing::Test {
 protected:
  ConfigLintTest() {
    config_.node.name = "mta.example";
    config_.classify.rules = folder("rules");
  }
  std::string folder(const std::string& name) {
    std::filesystem::create_directories(folder_.file(name));
    return folder_.file(name);
  }
  void write(const std::string& file, const std::string& text) { std::ofstream(folder_.file(file)) << text; }
  // Rules for this provider, one of them with this pattern.
  void write_rules(const std::string& provider, const std::string& pattern = "frobnicated") {
    write("rules/own.toml", "provider = \"" + provider + "\"\n[[rule]]\nid = \"mine\"\npattern = '" + pattern +
                                "'\nclass = \"policy\"\nreference = \"https://e.test/\"\nsamples = [\"550 "
                                "frobnicated\"]\n");
  }
  void add_provider(const std::string& name, const std::vector<std::string>& mx) {
    config::Provider& provider = config_.providers.emplace_back();
    provider.name = name;
    provider.mx = mx;
  }
  std::string found() {
    std::string all;
    for (const config::Problem& problem : lint_config(config_)) all += config::format_problem(problem) + "\n";
    return all;
  }

  const TempFolder folder_;
  config::Config config_;
};

TEST_F(ConfigLintTest, EveryKnownProviderMayHaveRules) {
  write_rules("fastmail");  // of the shipped provider files; no classification file of its own
  EXPECT_EQ(found(), "");
  write_rules("mine");
  EXPECT_THAT(found(), HasSubstr("there is no provider \"mine\""));
  config_.provider_files.folder = folder("providers");
  write("providers/mine.toml",
        "provider = \"mine\"\n[match]\nmx = [\"mx.mine.example\"]\n"
        "reference = \"https://mine.example/\"\nstanding = \"published\"\n");
  EXPECT_EQ(found(), "");
  write_rules("another");
  add_provider("another", {"mx.another.example"});
  EXPECT_EQ(found(), "");
}

TEST_F(ConfigLintTest, FindingsOfBothKindsAreTold) {
  write_rules("gmail", "fro(?:.)*d");
  add_provider("nobody", {});
  EXPECT_THAT(found(), HasSubstr("pattern is too costly"));
  EXPECT_THAT(found(), HasSubstr("provider \"nobody\" is a dead rule"));
}

TEST_F(ConfigLintTest, NamesThatNobodyKnowsAreToldWithTheirPlaceAndTheNearest) {
  const auto loaded = config::load_text(R"([[listener]]
relay_from = "127.0.0.1"
[[stream]]
name = "default"
pool = "main"
[[limit]]
name = "a"
provider = "gmial"
connections = 3
[[limit]]
name = "b"
provider = "site:mx.example"
connections = 3
[[limit]]
name = "c"
provider = "*"
connections = 3
[[path]]
provider = "yaho"
connections = 3
[[warmup]]
vmta = "default"
provider = ["*", "other", "gmail", "outlok"]
[[action]]
name = "campain-doubted"
what = "off"
)",
                                        "penstock.toml");
  ASSERT_TRUE(loaded.config) << config::format_problem(loaded.problems.front());
  config_ = *loaded.config;
  const std::string told = found();
  const std::string never = "what is said of it never holds; ";
  EXPECT_THAT(told, HasSubstr("penstock.toml:8:12: provider \"gmial\" is not known: " + never +
                              "did you mean \"gmail\"? (warning)\n"));
  EXPECT_THAT(told, HasSubstr("penstock.toml:19:12: provider \"yaho\" is not known: " + never));
  EXPECT_THAT(told, HasSubstr("penstock.toml:23:12: provider \"outlok\" is not known: " + never));
  EXPECT_THAT(told, HasSubstr("penstock.toml:25:8: there is no shipped rule \"campain-doubted\" to switch off; did you "
                              "mean \"campaign-doubted\"? (warning)\n"));
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 4) << told;
}

// A daemon runs on with rules that do not do what they say, and tells of them.
TEST_F(ConfigLintTest, PlanWarnsOfTheSame) {
  write_rules("gmail", "fro(?:.)*d");
  model::NameTable names;
  const auto made = make_plan(config_, names);
  ASSERT_TRUE(made) << made.error().to_string();
  const auto told = ::testing::Contains(::testing::AllOf(
      ::testing::Field(&PlanWarning::part, "rule.mine"),
      ::testing::Field(&PlanWarning::message, ::testing::AllOf(HasSubstr("own.toml:2"), HasSubstr("too costly")))));
  EXPECT_THAT(made->warnings, told);
  write_rules("gmail");
  EXPECT_THAT(make_plan(config_, names)->warnings, ::testing::Not(told));
}

}  // namespace
}  // namespace penstock::delivery
