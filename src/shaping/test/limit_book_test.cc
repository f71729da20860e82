// SPDX-License-Identifier: Apache-2.0
#include "shaping/limit_book.h"

#include <gtest/gtest.h>

#include "base/rng.h"

using namespace std::chrono_literals;
using namespace penstock;
using namespace penstock::shaping;
using Part = LimitBook::Part;

namespace {

constexpr Time kStart{1'800'000'000s};

struct Book {
  model::NameTable names;
  SharedLimits shared{2};
  LimitBook book{shared}, other{shared};  // of two shards
  FakeClock clock;
  LimitKey facts(std::initializer_list<std::pair<Dimension, const char*>> all) {
    LimitKey key;
    for (const auto& [dimension, name] : all) key[dimension] = names.intern(name);
    return key;
  }
  void set(std::vector<LimitRule> rules) {
    const auto shared_rules = std::make_shared<const std::vector<LimitRule>>(std::move(rules));
    book.set_rules(shared_rules, kStart);
    other.set_rules(shared_rules, kStart);
  }
  std::vector<LeasePtr> at(LimitBook& of, const LimitKey& key, Part part) { return of.find(key, part, names, kStart); }
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

TEST(LimitBook, ProviderLimitCoversAllItsSitesAndShards) {
  Book b;
  b.set({{"ms", b.facts({{Dimension::Provider, "ms"}}), Dimensions{Dimension::Vmta}, {.connections = 2}}});
  const auto at = [&](LimitBook& book, const char* vmta, const char* site) {
    return b.at(book, b.facts({{Dimension::Provider, "ms"}, {Dimension::Vmta, vmta}, {Dimension::Site, site}}),
                Part::Path);
  };
  const auto one = at(b.book, "v1", "a.mail"), same = at(b.book, "v1", "b.mail"), apart = at(b.book, "v2", "a");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one, same);
  EXPECT_NE(one, apart);
  EXPECT_EQ(one.front()->shared().scope(), "ms v1");
  HeldLimits first, second, third;
  EXPECT_TRUE(first.take(one, b.clock));
  EXPECT_TRUE(second.take(at(b.other, "v1", "a.mail"), b.clock));
  EXPECT_FALSE(third.take(one, b.clock));
  EXPECT_FALSE(third.take(at(b.other, "v1", "c.mail"), b.clock));
  second.release();
  EXPECT_TRUE(third.take(one, b.clock));
}

TEST(LimitBook, RuleHoldsWhereItsTupleIsKnown) {
  Book b;
  b.set({{"tenant-rate", {}, Dimensions{Dimension::Tenant}, {.message_rate = Rate{1}}},
         {"vmta", {}, Dimensions{Dimension::Vmta}, {.connections = 2}},
         {"host", {}, Dimensions{Dimension::MxHost}, {.connections = 1}},
         {"campaigns", {}, Dimensions{Dimension::Campaign}, {.connections = 1}}});
  const LimitKey facts = b.facts({{Dimension::Vmta, "v1"},
                                  {Dimension::Tenant, "acme"},
                                  {Dimension::Campaign, "may"},
                                  {Dimension::MxHost, "mx.example"}});
  const auto names = [&](Part part) {
    std::vector<std::string> all;
    for (const LeasePtr& one : b.at(b.book, facts, part)) all.push_back(one->shared().scope());
    return all;
  };
  EXPECT_EQ(names(Part::Path), std::vector<std::string>{"vmta v1"});
  EXPECT_EQ(names(Part::Hop), std::vector<std::string>{"host mx.example"});
  EXPECT_EQ(names(Part::Message), (std::vector<std::string>{"tenant-rate acme", "campaigns may"}));
  EXPECT_TRUE(b.at(b.book, b.facts({{Dimension::Vmta, "v1"}}), Part::Message).empty()) << "split by what is not said";
}

TEST(LimitBook, AllLimitsGiveASlotOrNone) {
  Book b;
  b.set({{"vmta", {}, Dimensions{Dimension::Vmta}, {.connections = 5}}, {"all", {}, Dimensions{}, {.connections = 1}}});
  const auto both = b.at(b.book, b.facts({{Dimension::Vmta, "v1"}}), Part::Path);
  ASSERT_EQ(both.size(), 2U);
  HeldLimits one, two;
  EXPECT_TRUE(one.take(both, b.clock));
  EXPECT_FALSE(two.take(both, b.clock));
  EXPECT_EQ(both[0]->shared().view().connections, 1U) << "what was reserved has been given back";
  one.release();
  EXPECT_EQ(both[0]->shared().view().connections, 0U);
}

TEST(LimitBook, RateIsNeverExceededInTotalAndFollowsDemand) {
  for (const double rate : {3.0, 40.0, 900.0}) {
    Book b;
    b.set({{"t", {}, Dimensions{Dimension::Tenant}, {.message_rate = Rate{rate}}}});
    const LimitKey facts = b.facts({{Dimension::Tenant, "acme"}});
    const LeasePtr leases[] = {b.at(b.book, facts, Part::Message)[0], b.at(b.other, facts, Part::Message)[0]};
    Rng rng(7);
    std::vector<std::uint64_t> per_second;
    std::uint64_t by[2] = {0, 0};
    for (int second = 0; second < 60; ++second) {
      std::uint64_t sent = 0;
      for (int step = 0; step < 1000; ++step) {
        const Time now = kStart + 1s * second + 1ms * step;
        // The first ten seconds one shard alone wants it, then both.
        const std::size_t who = second < 10 ? 0 : rng.below(2);
        const auto count = static_cast<std::uint32_t>(rng.below(3) + 1);
        if (!leases[who]->can_send(count, 0, now)) continue;
        leases[who]->send(count, 0);
        sent += count;
        if (second >= 10) by[who] += count;
      }
      per_second.push_back(sent);
    }
    std::uint64_t all = 0;
    for (const std::uint64_t sent : per_second) all += sent;
    EXPECT_LE(static_cast<double>(all), rate * 61 + 3) << rate;
    EXPECT_GE(static_cast<double>(all), rate * 57) << rate;
    EXPECT_NEAR(static_cast<double>(by[0]) / static_cast<double>(by[0] + by[1]), 0.5, 0.2) << rate;
  }
}

TEST(LimitBook, ReloadKeepsLimitsAndIdleOnesGo) {
  Book b;
  const auto rules = [&](std::uint32_t connections) {
    b.set({{"vmta", {}, Dimensions{Dimension::Vmta}, {.connections = connections}}});
  };
  rules(1);
  const LimitKey facts = b.facts({{Dimension::Vmta, "v1"}});
  {
    const auto before = b.at(b.book, facts, Part::Path);
    HeldLimits held;
    ASSERT_TRUE(held.take(before, b.clock));
    rules(3);
    EXPECT_EQ(before, b.at(b.book, facts, Part::Path));
    EXPECT_EQ(before.front()->shared().limits().connections, 3U);
    EXPECT_EQ(before.front()->shared().view().connections, 1U);
    b.book.drop_unused(kStart);
    EXPECT_EQ(b.book.size(), 1U);
  }
  b.book.drop_unused(kStart);
  b.shared.drop_unused(kStart);
  EXPECT_EQ(b.book.size(), 0U);
  EXPECT_EQ(b.shared.size(), 0U);
}

TEST(LimitBook, BytesAndMessagesAreCountedToo) {
  Book b;
  b.set({{"bytes", {}, Dimensions{Dimension::Tenant}, {.byte_rate = Rate{10'000}}},
         {"mails", {}, Dimensions{Dimension::Stream}, {.transaction_rate = Rate{2}}}});
  const LeasePtr bytes = b.at(b.book, b.facts({{Dimension::Tenant, "acme"}}), Part::Message)[0];
  EXPECT_TRUE(bytes->can_send(1, 50'000, kStart + 1s)) << "larger than the burst: owed afterwards";
  bytes->send(1, 50'000);
  EXPECT_FALSE(bytes->can_send(1, 100, kStart + 2s));
  EXPECT_TRUE(bytes->can_send(1, 100, kStart + 6s));
  const LeasePtr mails = b.at(b.book, b.facts({{Dimension::Stream, "news"}}), Part::Message)[0];
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(mails->can_send(100, 0, kStart + 1s));
    mails->send(100, 0);
  }
  EXPECT_FALSE(mails->can_send(1, 0, kStart + 1s));
  EXPECT_EQ(mails->next_send(1, 0, kStart + 1s), kStart + 1500ms);
}
