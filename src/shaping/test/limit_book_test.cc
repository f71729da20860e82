// SPDX-License-Identifier: Apache-2.0
#include "shaping/limit_book.h"

#include <gtest/gtest.h>

#include "shaping/path_limiter.h"

using namespace std::chrono_literals;
using namespace penstock;
using namespace penstock::shaping;

namespace {

constexpr Time kStart{1'800'000'000s};

struct Book {
  model::NameTable names;
  LimitBook book;
  LimitKey facts(std::initializer_list<std::pair<Dimension, const char*>> all) {
    LimitKey key;
    for (const auto& [dimension, name] : all) key[dimension] = names.intern(name);
    return key;
  }
};

}  // namespace

TEST(LimitKey, CoversWhatItSays) {
  Book b;
  const LimitKey gmail = b.facts({{Dimension::Provider, "gmail"}});
  const LimitKey attempt = b.facts({{Dimension::Provider, "gmail"}, {Dimension::Vmta, "v1"}, {Dimension::Site, "mx"}});
  EXPECT_TRUE(gmail.covers(attempt));
  EXPECT_TRUE(LimitKey{}.covers(attempt));
  EXPECT_FALSE(attempt.covers(gmail));
  EXPECT_EQ(attempt.only(Dimensions{Dimension::Provider}), gmail);
  EXPECT_EQ(gmail.said(), Dimensions{Dimension::Provider});
  EXPECT_NE(std::hash<LimitKey>()(gmail), std::hash<LimitKey>()(attempt));
}

TEST(LimitBook, ProviderLimitCoversAllItsSites) {
  Book b;
  b.book.set_rules({{"ms", b.facts({{Dimension::Provider, "ms"}}), Dimensions{Dimension::Vmta}, {.connections = 2}}},
                   kStart);
  const auto at = [&](const char* vmta, const char* site) {
    return b.book.find(b.facts({{Dimension::Provider, "ms"}, {Dimension::Vmta, vmta}, {Dimension::Site, site}}),
                       LimitBook::Part::Connection, b.names);
  };
  const auto one = at("v1", "a.mail.protection"), other = at("v1", "b.mail.protection"), apart = at("v2", "a");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one, other);
  EXPECT_NE(one, apart);
  EXPECT_EQ(one.front()->scope(), "ms v1");
  PathLimiter first(one), second(other);
  const auto p = first.try_open(kStart);
  const auto q = second.try_open(kStart);
  EXPECT_TRUE(p && q);
  EXPECT_FALSE(first.try_open(kStart));
}

TEST(LimitBook, MessageLimitsAreApartFromThoseOfConnections) {
  Book b;
  b.book.set_rules({{"tenant-rate", {}, Dimensions{Dimension::Tenant}, {.message_rate = Rate{1}}},
                    {"vmta", {}, Dimensions{Dimension::Vmta}, {.connections = 2}}},
                   kStart);
  const LimitKey facts = b.facts({{Dimension::Vmta, "v1"}, {Dimension::Tenant, "acme"}});
  EXPECT_EQ(b.book.find(facts, LimitBook::Part::Connection, b.names).front()->scope(), "vmta v1");
  const auto messages = b.book.find(facts, LimitBook::Part::Message, b.names);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages.front()->scope(), "tenant-rate acme");
  const LimitKey nobody = b.facts({{Dimension::Vmta, "v1"}});
  EXPECT_TRUE(b.book.find(nobody, LimitBook::Part::Message, b.names).empty()) << "split by what is not said";
}

TEST(LimitBook, ReloadKeepsLimitersAndIdleOnesGo) {
  Book b;
  const auto rules = [&](std::uint32_t connections) {
    return std::vector<LimitRule>{{"vmta", {}, Dimensions{Dimension::Vmta}, {.connections = connections}}};
  };
  b.book.set_rules(rules(1), kStart);
  const LimitKey facts = b.facts({{Dimension::Vmta, "v1"}});
  {
    const auto before = b.book.find(facts, LimitBook::Part::Connection, b.names);
    b.book.set_rules(rules(3), kStart);
    const auto after = b.book.find(facts, LimitBook::Part::Connection, b.names);
    EXPECT_EQ(before, after);
    EXPECT_EQ(after.front()->limits().connections, 3U);
    b.book.drop_unused(kStart);
    EXPECT_EQ(b.book.size(), 1U);
  }
  b.book.drop_unused(kStart);
  EXPECT_EQ(b.book.size(), 0U);
}
