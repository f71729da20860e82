// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "src/api/test/running_api.h"

namespace penstock::api {
namespace {

TEST(ShapingApi, ActionsTellTheirCause) {
  RunningApi api;
  const auto action = api.get("/v1/actions").json.at("actions").at(0);
  EXPECT_EQ(action.at("kind"), "stop");
  EXPECT_EQ(action.at("tuple").at("sender_domain"), "shop.example");
  EXPECT_EQ(action.at("rule"), "authentication-fails");
  EXPECT_EQ(action.at("held"), 1200);
  EXPECT_FALSE(action.as_object().contains("until"));
}

TEST(ShapingApi, OperatorSetsAndClearsActions) {
  RunningApi api;
  const auto set =
      api.post("/v1/actions/set", R"({"kind":"slow","campaign":"may","rate":"600/min","reason":"why"})").json;
  EXPECT_EQ(set.at("rate"), 10);
  EXPECT_EQ(set.at("pinned"), true);
  EXPECT_EQ(api.post("/v1/actions/clear", R"({"sender_domain":"shop.example","provider":"gmail"})").status, 200U);
  EXPECT_EQ(api.post("/v1/actions/clear", R"({"campaign":"other"})").status, 404U);
  ASSERT_EQ(api.fake.shaping_state.calls.size(), 2U);
  EXPECT_TRUE(api.fake.shaping_state.calls[0].starts_with("slow campaign=may by "));
}

TEST(ShapingApi, MistakesAreRefusedInWords) {
  RunningApi api;
  for (const char* body :
       {R"({"kind":"kill","campaign":"may"})", R"({"kind":"stop"})", R"({"kind":"slow","campaign":"may"})",
        R"({"kind":"stop","campaign":"may","rate":"1/s"})", R"({"kind":"slow","campaign":"may","rate":"fast"})"}) {
    EXPECT_EQ(api.post("/v1/actions/set", body).status, 400U) << body;
  }
  EXPECT_EQ(api.post("/v1/actions/clear", R"({})").status, 400U);
  EXPECT_EQ(api.post("/v1/actions/clear", R"({"all":true,"tenant":"x"})").status, 400U);
  EXPECT_EQ(api.post("/v1/paths/pin", R"({"path":"v1/provider:gmail"})").status, 400U);
  EXPECT_EQ(api.post("/v1/paths/pin", R"({"connections":1})").status, 400U);
  EXPECT_EQ(api.post("/v1/paths/pin", R"({"path":"v9/nowhere","suspend":true})").status, 404U);
}

TEST(ShapingApi, PathsArePinnedUnpinnedAndCleared) {
  RunningApi api;
  const char* pin = R"({"path":"v1/provider:gmail","connections":2,"rate":"5/s","until":"2h","reason":"test"})";
  EXPECT_EQ(api.post("/v1/paths/pin", pin).json.at("pinned"), true);
  EXPECT_EQ(api.post("/v1/paths/unpin", R"({"path":"v1/provider:gmail"})").json.at("pinned"), false);
  EXPECT_EQ(api.post("/v1/paths/clear", R"({"path":"v1/provider:gmail"})").json.at("cleared"), true);
  EXPECT_EQ(api.fake.shaping_state.calls.size(), 3U);
}

}  // namespace
}  // namespace penstock::api
