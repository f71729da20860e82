// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "src/api/test/running_api.h"

namespace penstock::api {
namespace {

TEST(SuppressionApi, ListShowsEntries) {
  RunningApi api;
  const auto row = api.get("/v1/suppressions?limit=10&domain=a.example").json.at("suppressions").at(0);
  EXPECT_EQ(row.at("address"), "gone@a.example");
  EXPECT_EQ(row.at("cause"), "invalid-mailbox");
  EXPECT_EQ(row.at("scope"), "global");
  EXPECT_FALSE(row.as_object().contains("until"));
}

TEST(SuppressionApi, OneAddressIsShownByItsPath) {
  RunningApi api;
  EXPECT_EQ(api.get("/v1/suppressions/gone@a.example").json.at("suppressions").at(0).at("source"), "01K8Q2R5VX3ZP/0");
  EXPECT_EQ(api.get("/v1/suppressions/changes?cursor=7").json.at("cursor"), 7);
}

TEST(SuppressionApi, CheckNamesThoseSuppressed) {
  RunningApi api;
  const auto answer = api.post("/v1/suppressions/check", R"({"addresses":["a@b.example","gone@a.example"]})").json;
  EXPECT_EQ(answer.at("checked"), 2);
  ASSERT_EQ(answer.at("suppressed").as_array().size(), 1U);
  EXPECT_EQ(answer.at("suppressed").at(0).at("given"), "gone@a.example");
}

TEST(SuppressionApi, CheckNamesWhatIsNoAddress) {
  RunningApi api;
  const auto answer = api.post("/v1/suppressions/check", R"({"addresses":["a@b.example","bad addr"]})").json;
  ASSERT_EQ(answer.at("unusable").as_array().size(), 1U);
  EXPECT_EQ(answer.at("unusable").at(0), "bad addr");
}

TEST(SuppressionApi, ChangesAnswerWithCounts) {
  RunningApi api;
  EXPECT_EQ(api.post("/v1/suppressions/add", R"({"addresses":["a@b.example"],"cause":"complaint"})").json.at("added"),
            1);
  EXPECT_EQ(api.post("/v1/suppressions/remove", R"({"addresses":["a@b.example"]})").json.at("removed"), 1);
  EXPECT_EQ(api.post("/v1/suppressions/review", R"({"addresses":["a@b.example"]})").json.at("reviewed"), 1);
}

TEST(SuppressionApi, ImportTellsBadLines) {
  RunningApi api;
  const auto answer = api.post("/v1/suppressions/import", R"({"text":"a@b.example\nnobody\n","format":"csv"})").json;
  EXPECT_EQ(answer.at("state"), "done");
  EXPECT_EQ(answer.at("bad_lines").at(0).at("line"), 2);
  EXPECT_EQ(api.get("/v1/suppressions/imports/1").json.at("id"), 1);
}

TEST(SuppressionApi, MistakesAreRefusedInWords) {
  RunningApi api;
  for (const char* body : {R"({})", R"({"addresses":["a@b.example"],"scope":"galaxy"})",
                           R"({"addresses":["a@b.example"],"cause":"tired"})"}) {
    EXPECT_EQ(api.post("/v1/suppressions/add", body).status, 400U) << body;
  }
  EXPECT_EQ(api.post("/v1/suppressions/import", R"({"path":"/a","text":"b"})").status, 400U);
  EXPECT_EQ(api.get("/v1/suppressions/imports/9").status, 404U);
  EXPECT_EQ(api.get("/v1/suppressions/imports/x").status, 400U);
}

}  // namespace
}  // namespace penstock::api
