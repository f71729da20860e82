// SPDX-License-Identifier: Apache-2.0
#include "providers/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/test/temp_folder.h"

namespace penstock::providers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProviderFolder : public testing::Test {
 protected:
  ProviderFolder() { config_.provider_files = {.builtin = false, .folder = folder_.path()}; }

  void write(const std::string& file, const std::string& provider, const std::string& mx) {
    std::ofstream(folder_.file(file)) << "provider = \"" << provider << "\"\n[match]\nmx = [" << mx
                                      << "]\nreference = \"https://a.example/\"\nstanding = \"chosen\"\n";
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const config::Problem& problem : lint_config(config_)) all.push_back(config::format_problem(problem));
    return all;
  }

  const TempFolder folder_;
  config::Config config_;
};

TEST_F(ProviderFolder, GoodFilesHaveNoProblem) {
  write("a.toml", "a", "\"mx.a.example\"");
  write("b.toml", "b", "\"mx.b.example\"");
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ProviderFolder, SuffixOfTwoProvidersIsDeadInOne) {
  write("a.toml", "a", "\"mx.example\"");
  write("b.toml", "b", "\"mx.example\"");
  EXPECT_THAT(lines(), ElementsAre(AllOf(HasSubstr("b.toml:2"),
                                         HasSubstr("dead match: mx suffix \"mx.example\" belongs to provider \"a\""),
                                         HasSubstr("leave it with one of them"))));
}

TEST_F(ProviderFolder, SuffixBelowAnotherOfTheSameFileIsDead) {
  write("a.toml", "a", "\"example\", \"mx.example\"");
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("dead match: mx suffix \"mx.example\" is covered by \"example\"")));
}

TEST_F(ProviderFolder, LongerSuffixOfAnotherProviderIsNoProblem) {
  write("a.toml", "a", "\"example\"");
  write("b.toml", "b", "\"mx.example\"");
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ProviderFolder, TwoFilesOfOneProvider) {
  write("a.toml", "a", "\"a.example\"");
  write("b.toml", "a", "\"b.example\"");
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("provider \"a\" has a file already")));
}

TEST_F(ProviderFolder, FileReplacesTheShippedOneOfTheSameProvider) {
  write("mine.toml", "gmail", "\"google.com\"");
  config_.provider_files.builtin = true;
  EXPECT_THAT(lines(), IsEmpty());
  const auto catalog = Catalog::load(config_.provider_files);
  ASSERT_TRUE(catalog);
  EXPECT_THAT(catalog->find("gmail")->file, HasSubstr("mine.toml"));
  EXPECT_NE(catalog->find("yahoo"), nullptr);
}

TEST_F(ProviderFolder, BadFileFailsTheLoadWithItsPlace) {
  std::ofstream(folder_.file("bad.toml")) << "provider = \"a\"\n[match]\nmx = \"a.example\"\nreference = 3\n";
  const auto catalog = Catalog::load(config_.provider_files);
  ASSERT_FALSE(catalog);
  EXPECT_THAT(catalog.error().to_string(), HasSubstr("bad.toml"));
}

TEST_F(ProviderFolder, MissingFolderSaysWhatToDo) {
  config_.provider_files.folder += "/missing";
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("take `folder` out of [providers]")));
  EXPECT_FALSE(Catalog::load(config_.provider_files));
}

TEST_F(ProviderFolder, TableOfAnUnknownNameThatMatchesNothingIsDead) {
  config::Provider own;
  own.name = "gmial";
  config_.providers = {own};
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("provider \"gmial\" is a dead rule")));
  config_.providers[0].name = "gmail";
  config_.provider_files.builtin = true;
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(ProviderFolder, SuffixThatAFileNamesTwiceIsDeadOnce) {
  write("a.toml", "a", "\"mx.example\", \"mx.example\"");
  EXPECT_THAT(
      lines(),
      ElementsAre(HasSubstr("a.toml:2:2: dead match: mx suffix \"mx.example\" is named twice; take one of them out")));
}

TEST_F(ProviderFolder, FileThatClaimsWhatAShippedOneHasIsToldHowToReplaceIt) {
  write("mine.toml", "mine", "\"google.com\"");
  config_.provider_files.builtin = true;
  EXPECT_THAT(lines(),
              ElementsAre(AllOf(HasSubstr("mine.toml:2:2: dead match: mx suffix \"google.com\" belongs to the shipped "
                                          "provider \"gmail\""),
                                HasSubstr("call this provider \"gmail\" to replace that file"))));
}

TEST_F(ProviderFolder, TableThatLeavesAFileNothingIsToldWithItsPlace) {
  write("a.toml", "a", "\"mx.a.example\"");
  config::Provider own;
  own.name = "b";
  own.at = {"penstock.toml", 12, 8};
  own.mx = {"mx.other.example", "mx.a.example"};
  config_.providers = {own};
  EXPECT_THAT(lines(), ElementsAre(AllOf(HasSubstr("penstock.toml:12:8: provider file "),
                                         HasSubstr("a.toml is dead: provider \"b\" takes all that it matches by; call "
                                                   "it \"a\" to change what the file says"))));
}

TEST_F(ProviderFolder, BackoffAboveTheCeilingOfAnotherTableIsWarnedOf) {
  std::ofstream(folder_.file("a.toml")) << "provider = \"a\"\n[match]\nmx = \"mx.a.example\"\n"
                                        << "reference = \"https://a.example/\"\nstanding = \"chosen\"\n"
                                        << "[connections]\nceiling = 4\n"
                                        << "reference = \"https://a.example/\"\nstanding = \"chosen\"\n";
  config::Provider own;
  own.name = "a";
  own.backoff_at = {"penstock.toml", 14, 1};
  own.backoff.connections = 5;
  config_.providers = {own};
  EXPECT_THAT(lines(),
              ElementsAre(HasSubstr("penstock.toml:14:1: provider \"a\" would have connections = 5 in back-off "
                                    "mode, above its connections, which is 4; lower backoff.connections")));
  config_.providers[0].backoff.connections = 4;
  EXPECT_THAT(lines(), IsEmpty());
  config_.providers[0].backoff.rate = {3, std::chrono::seconds{1}};
  config_.defaults.limits.message_rate = {2, std::chrono::seconds{1}};
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("rate = 3/s in back-off mode, above its message_rate, which is 2/s")));
}

}  // namespace
}  // namespace penstock::providers
