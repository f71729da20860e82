// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "src/api/test/running_api.h"

namespace penstock::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(UsersApi, ListAndOneOfThem) {
  RunningApi api;
  const auto all = api.get("/v1/users").json;
  ASSERT_EQ(all.at("users").as_array().size(), 1U);
  EXPECT_EQ(all.at("users").at(0).at("message_rate"), "100/min");
  EXPECT_EQ(all.at("users").at(0).at("recipients_today"), 42);
  EXPECT_EQ(api.get("/v1/users/shop").json.at("sender_domains").at(0), "shop.example");
  EXPECT_EQ(api.get("/v1/users/nobody").status, 404U);
}

TEST(UsersApi, AddTakesLimitsAndGivesThemBackWithoutThePassword) {
  RunningApi api;
  const auto answer = api.post("/v1/users/add", R"({"name":"app","password":"hunter2","message_rate":"10/s",
      "recipients_per_day":100,"connections":3,"streams":["news"],"sender_domains":["a.example"],"note":"x"})");
  EXPECT_EQ(answer.status, 200U) << answer.text;
  EXPECT_EQ(answer.json.at("message_rate"), "10/s");
  EXPECT_EQ(answer.json.at("streams").at(0), "news");
  EXPECT_THAT(answer.text, Not(HasSubstr("hunter2")));
  ASSERT_EQ(api.fake.user_list.calls.size(), 1U);
  EXPECT_THAT(api.fake.user_list.calls[0], HasSubstr("add app hunter2"));
}

TEST(UsersApi, ChangeLiftsLimits) {
  RunningApi api;
  const auto changed =
      api.post("/v1/users/set", R"({"name":"shop","message_rate":"off","recipients_per_day":0,"streams":["any"],
      "sender_domains":[],"enabled":false})")
          .json;
  EXPECT_FALSE(changed.as_object().contains("message_rate"));
  EXPECT_FALSE(changed.as_object().contains("recipients_per_day"));
  EXPECT_FALSE(changed.as_object().contains("streams"));
  EXPECT_FALSE(changed.as_object().contains("sender_domains"));
  EXPECT_EQ(changed.at("connections"), 10);
  EXPECT_EQ(changed.at("enabled"), false);
}

TEST(UsersApi, PasswordAndRemoval) {
  RunningApi api;
  const auto answer = api.post("/v1/users/password", R"({"name":"shop","password":"hunter3"})");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_THAT(answer.text, Not(HasSubstr("hunter3")));
  EXPECT_EQ(api.post("/v1/users/remove", R"({"name":"shop"})").json.at("removed"), 1);
  EXPECT_EQ(api.fake.user_list.calls.size(), 2U);
}

TEST(UsersApi, MistakesAreRefusedInWords) {
  RunningApi api;
  EXPECT_EQ(api.post("/v1/users/add", R"({"name":"shop","password":"x"})").status, 409U);
  for (const char* body :
       {R"({})", R"({"name":"a"})", R"({"password":"x"})", R"({"name":"a","password":""})",
        R"({"name":"a","password":"x","message_rate":"fast"})", R"({"name":"a","password":"x","connections":-1})",
        R"({"name":"a","password":"x","recipients":1})"}) {
    EXPECT_EQ(api.post("/v1/users/add", body).status, 400U) << body;
  }
}

}  // namespace
}  // namespace penstock::api
