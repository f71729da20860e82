// SPDX-License-Identifier: Apache-2.0
// The provider files of conf/providers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "providers/catalog.h"
#include "providers/lint.h"

namespace penstock::providers {
namespace {

Catalog shipped() {
  auto catalog = Catalog::load({});
  EXPECT_TRUE(catalog) << (catalog ? "" : catalog.error().to_string());
  return catalog ? *catalog : Catalog();
}

TEST(ShippedProviders, HaveNoProblem) {
  config::Problems problems;
  const Catalog catalog = Catalog::read({}, problems);
  lint(catalog, problems);
  for (const config::Problem& problem : problems.sorted()) ADD_FAILURE() << config::format_problem(problem);
  EXPECT_EQ(catalog.all().size(), shipped_texts().size());
}

TEST(ShippedProviders, EachHasRangesAndATitle) {
  const Catalog catalog = shipped();
  for (const ProviderData& data : catalog.all()) {
    const config::Limits& limits = data.provider.limits;
    EXPECT_GT(limits.connections_floor, 0U) << data.file;
    EXPECT_GE(limits.connections_start, limits.connections_floor) << data.file;
    EXPECT_GE(limits.connections, limits.connections_start) << data.file;
    EXPECT_GT(limits.messages_per_connection_floor, 0U) << data.file;
    EXPECT_GE(limits.messages_per_connection_start, limits.messages_per_connection_floor) << data.file;
    EXPECT_GE(limits.messages_per_connection, limits.messages_per_connection_start) << data.file;
    EXPECT_FALSE(data.title.empty()) << data.file;
  }
}

TEST(ShippedProviders, MatchNoTestDomain) {
  const Catalog catalog = shipped();
  for (const ProviderData& data : catalog.all()) {
    for (const auto* names : {&data.provider.mx, &data.provider.domains}) {
      for (const std::string& name : *names) {
        for (const char* reserved : {".test", ".example", ".invalid", "localhost", ".lan"}) {
          EXPECT_FALSE(name.ends_with(reserved)) << data.file << " " << name;
        }
      }
    }
  }
}

TEST(ShippedProviders, KnowTheLargeOnes) {
  const Catalog catalog = shipped();
  for (const char* name :
       {"gmail",    "microsoft", "yahoo",    "yahoo-japan", "apple",    "comcast",    "gmx",   "orange", "laposte",
        "mail.ru",  "yandex",    "zoho",     "proofpoint",  "mimecast", "barracuda",  "cisco", "qq",     "netease",
        "t-online", "cox",       "spectrum", "fastmail",    "proton",   "cloudflare", "kpn",   "amazon"}) {
    EXPECT_NE(catalog.find(name), nullptr) << name;
  }
  EXPECT_EQ(catalog.find("yahoo")->provider.limits.messages_per_connection, 20U);
  EXPECT_EQ(catalog.find("yahoo")->fact_of("messages_per_connection")->standing, Standing::Published);
  EXPECT_EQ(catalog.find("comcast")->provider.limits.connections, 25U);
}

TEST(Catalog, BuiltinOffLeavesNothing) {
  const auto catalog = Catalog::load({.builtin = false, .folder = ""});
  ASSERT_TRUE(catalog);
  EXPECT_TRUE(catalog->all().empty());
}

}  // namespace
}  // namespace penstock::providers
