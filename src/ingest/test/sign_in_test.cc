// SPDX-License-Identifier: Apache-2.0
#include "ingest/sign_in.h"

#include <gmock/gmock.h>

namespace penstock::ingest {
namespace {

TEST(SignIn, MechanismsAreOfferedInTheOrderOfTheConfiguration) {
  using enum config::AuthMechanism;
  EXPECT_EQ(offered_mechanisms({ScramSha256, Plain, Login}), "SCRAM-SHA-256 PLAIN LOGIN");
  EXPECT_EQ(offered_mechanisms({Login}), "LOGIN");
  EXPECT_EQ(offered_mechanisms({}), "");
}

TEST(SignIn, PolicyIsThatOfTheConfiguration) {
  config::Auth auth;
  auth.failures = 3;
  auth.ban = std::chrono::hours{1};
  const users::FailurePolicy policy = failure_policy(auth);
  EXPECT_EQ(policy.failures_max, 3U);
  EXPECT_EQ(policy.ban, std::chrono::hours{1});
  EXPECT_EQ(policy.delay, std::chrono::seconds{1});
}

TEST(SignIn, DailyLimitIsToldWithItsNumber) {
  users::User user;
  user.name = "shop";
  user.recipients_per_day = 500;
  const model::Reply reply = over_daily_limit(user);
  EXPECT_EQ(reply.code, 452);
  EXPECT_THAT(reply.text, testing::HasSubstr("shop"));
  EXPECT_THAT(reply.text, testing::HasSubstr("500"));
}

}  // namespace
}  // namespace penstock::ingest
