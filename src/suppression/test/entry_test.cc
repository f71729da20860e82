// SPDX-License-Identifier: Apache-2.0
#include "suppression/entry.h"

#include <gtest/gtest.h>

namespace penstock::suppression {
namespace {

TEST(Cause, NamesAreReadBack) {
  for (int i = 1; i <= 10; ++i) {
    const auto cause = static_cast<Cause>(i);
    EXPECT_EQ(parse_cause(to_string(cause)), cause);
  }
  EXPECT_FALSE(parse_cause("nonsense"));
  EXPECT_EQ(to_string(static_cast<Cause>(200)), "bounce");
}

TEST(Cause, FollowsFromTheClass) {
  EXPECT_EQ(cause_of(model::OutcomeClass::InvalidMailbox), Cause::InvalidMailbox);
  EXPECT_EQ(cause_of(model::OutcomeClass::MailboxFull), Cause::MailboxFull);
  EXPECT_EQ(cause_of(model::OutcomeClass::Virus), Cause::Bounce);
}

TEST(Scope, TextIsReadBack) {
  for (const char* text : {"global", "tenant:acme", "stream:news", "list:weekly: spring"}) {
    const auto scope = parse_scope(text);
    ASSERT_TRUE(scope) << text;
    EXPECT_EQ(scope->to_string(), text);
  }
  EXPECT_EQ(parse_scope("")->kind, ScopeKind::Global);
}

TEST(Scope, OthersAreRefusedInWords) {
  for (const std::string& text :
       {std::string("stream"), std::string("stream:"), std::string("all"), "list:" + std::string(200, 'x')}) {
    const auto scope = parse_scope(text);
    ASSERT_FALSE(scope) << text;
    EXPECT_EQ(scope.error(), make_error_code(Errc::BadScope));
  }
}

TEST(Entry, IsInForceUntilItsTime) {
  Entry entry;
  const Time now{std::chrono::seconds{1'800'000'000}};
  EXPECT_TRUE(entry.in_force(now));
  entry.until = now;
  EXPECT_FALSE(entry.in_force(now));
  EXPECT_TRUE(entry.in_force(now - Duration{1}));
}

TEST(Entry, DescribesItself) {
  Entry entry;
  entry.address = "user@example.com";
  entry.cause = Cause::Complaint;
  entry.since = Time{std::chrono::seconds{1'795'509'000}};
  EXPECT_EQ(describe(entry), "suppressed (complaint) since 2026-11-24");
  entry.address = "@example.com";
  entry.scope = *parse_scope("stream:news");
  entry.until = entry.since + std::chrono::hours{48};
  EXPECT_EQ(describe(entry),
            "suppressed (complaint) since 2026-11-24 until 2026-11-26, the whole domain, scope stream:news");
}

}  // namespace
}  // namespace penstock::suppression
