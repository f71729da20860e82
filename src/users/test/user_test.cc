// SPDX-License-Identifier: Apache-2.0
#include "users/user.h"

#include <gtest/gtest.h>

#include "users/errc.h"

namespace penstock::users {
namespace {

TEST(User, NamesAreMadeCanonical) {
  EXPECT_EQ(canonical_name("Shop"), "shop");
  EXPECT_EQ(canonical_name("app+1@Example.COM"), "app+1@example.com");
  EXPECT_EQ(canonical_name("a.b_c-d"), "a.b_c-d");
  EXPECT_TRUE(canonical_name(std::string(128, 'a')));
  for (const char* bad : {"", "a b", "a\nb", "a,b", "a/b", "\xc3\xbc", "a\"b", "a'b", "a;b"}) {
    const auto name = canonical_name(bad);
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error(), make_error_code(Errc::BadUser));
  }
  EXPECT_FALSE(canonical_name(std::string(129, 'a')));
  EXPECT_FALSE(canonical_name(std::string_view("a\0b", 3)));
}

TEST(User, MembersOutOfBoundsAreRefused) {
  const auto refused = [](const std::function<void(User&)>& edit) {
    User user;
    user.name = "a";
    edit(user);
    return !check_user(user);
  };
  EXPECT_FALSE(refused([](User&) {}));
  EXPECT_TRUE(refused([](User& user) { user.streams = {"a b"}; }));
  EXPECT_TRUE(refused([](User& user) { user.streams = {""}; }));
  EXPECT_TRUE(refused([](User& user) { user.streams = {"a,b"}; }));
  EXPECT_TRUE(refused([](User& user) { user.sender_domains = {"a..example "}; }));
  EXPECT_TRUE(refused([](User& user) { user.sender_domains = {".example"}; }));
  EXPECT_TRUE(refused([](User& user) { user.sender_domains = {"*"}; }));
  EXPECT_TRUE(refused([](User& user) { user.sender_domains.assign(kListMax + 1, "a.example"); }));
  EXPECT_TRUE(refused([](User& user) { user.connections = 100'001; }));
  EXPECT_TRUE(refused([](User& user) { user.message_rate.count = -1; }));
  EXPECT_TRUE(refused([](User& user) { user.note = "a\nb"; }));
  EXPECT_TRUE(refused([](User& user) { user.note = std::string(201, 'x'); }));
}

TEST(User, DomainsBecomeSmallLetters) {
  User user;
  user.sender_domains = {"Shop.Example", "*.Shop.Example"};
  ASSERT_TRUE(check_user(user));
  EXPECT_EQ(user.sender_domains, (std::vector<std::string>{"shop.example", "*.shop.example"}));
}

TEST(User, SendsFromHisDomainsOnly) {
  User user;
  EXPECT_TRUE(may_send_from(user, "a@any.example"));
  user.sender_domains = {"shop.example", "*.news.example"};
  struct Case {
    const char* address;
    bool may;
  };
  const Case cases[] = {{"a@shop.example", true},
                        {"a@SHOP.example", true},
                        {"", true},
                        {"a@sub.shop.example", false},
                        {"a@news.example", false},
                        {"a@x.news.example", true},
                        {"a@x.y.NEWS.example", true},
                        {"a@xnews.example", false},
                        {"a@shop.example.evil", false},
                        {"shop.example", false},
                        {"\"a@shop.example\"@evil.example", false},
                        {"a@evil.example@shop.example", true}};
  for (const Case& c : cases) EXPECT_EQ(may_send_from(user, c.address), c.may) << c.address;
}

TEST(User, UsesHisStreamsOnly) {
  User user;
  EXPECT_TRUE(may_use_stream(user, "any"));
  user.streams = {"news", "alerts"};
  EXPECT_TRUE(may_use_stream(user, "news"));
  EXPECT_TRUE(may_use_stream(user, "alerts"));
  EXPECT_FALSE(may_use_stream(user, "transactional"));
  EXPECT_FALSE(may_use_stream(user, ""));
}

}  // namespace
}  // namespace penstock::users
