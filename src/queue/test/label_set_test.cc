// SPDX-License-Identifier: Apache-2.0
#include "queue/label_set.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

using namespace penstock;
using namespace penstock::queue;

TEST(LabelSets, SameTupleHasTheSameNumber) {
  LabelSetTable table;
  model::NameTable names;
  const model::Labels labels{.stream = "news", .tenant = "acme", .campaign = "c1", .vmta = "v1"};
  const LabelSetId id = table.intern(labels, names);
  EXPECT_TRUE(id);
  EXPECT_EQ(table.intern(labels, names), id);
  EXPECT_EQ(table.size(), 2U) << "the empty one and this";
  const LabelSet& seen = table.view(id);
  EXPECT_EQ(names.view(seen.stream), "news");
  EXPECT_EQ(names.view(seen.tenant), "acme");
  EXPECT_EQ(names.view(seen.campaign), "c1");
  EXPECT_EQ(names.view(seen.vmta), "v1");
}

TEST(LabelSets, EachPartTells) {
  LabelSetTable table;
  const LabelSet base{model::NameId{1}, model::NameId{2}, model::NameId{3}, model::NameId{4}};
  const LabelSetId id = table.intern(base);
  for (auto part : {&LabelSet::stream, &LabelSet::tenant, &LabelSet::campaign, &LabelSet::vmta}) {
    LabelSet other = base;
    other.*part = model::NameId{9};
    EXPECT_NE(table.intern(other), id);
    EXPECT_EQ(table.view(table.intern(other)), other);
  }
  LabelSet required = base;
  required.tls = model::TlsWish::Required;
  EXPECT_NE(table.intern(required), id);
  EXPECT_EQ(table.view(table.intern(required)).tls, model::TlsWish::Required);
}

TEST(LabelSets, EmptyTupleIsNone) {
  LabelSetTable table;
  EXPECT_EQ(table.intern(LabelSet{}), LabelSetId{});
  EXPECT_EQ(table.view(LabelSetId{}), LabelSet{});
}

TEST(LabelSets, UnknownNumberViewsAsEmpty) {
  const LabelSetTable table;
  EXPECT_EQ(table.view(LabelSetId{77}), LabelSet{});
  EXPECT_EQ(table.view(LabelSetId{0xFFFFFFFF}), LabelSet{});
}

// Senders invent campaigns without end: memory stays bounded, and what decides how mail is sent stays right.
TEST(LabelSets, FullTableDropsTheCampaignThenTheTenant) {
  constexpr std::uint32_t kLimit = 1U << 22;
  LabelSetTable table;
  const auto invent = [&](std::uint32_t n) {
    return table.intern({model::NameId{1}, model::NameId{2}, model::NameId{n}, model::NameId{3}});
  };
  for (std::uint32_t n = 1; n <= kLimit; ++n) invent(n);
  EXPECT_LE(table.size(), kLimit);
  const LabelSet kept = table.view(invent(kLimit + 5));
  EXPECT_EQ(kept, (LabelSet{model::NameId{1}, model::NameId{2}, {}, model::NameId{3}}));
  EXPECT_EQ(table.view(invent(5)).campaign, model::NameId{5}) << "known ones stay";

  for (std::uint32_t n = 10; n < 3000; ++n) table.intern({model::NameId{1}, model::NameId{n}, {}, {}});
  const LabelSet by_stream = table.view(table.intern({model::NameId{1}, model::NameId{5000}, {}, model::NameId{8}}));
  EXPECT_EQ(by_stream, (LabelSet{model::NameId{1}, {}, {}, model::NameId{8}}));
  for (std::uint32_t n = 10; n < 3000; ++n) table.intern({model::NameId{n}, {}, {}, {}});
  EXPECT_LE(table.size(), kLimit);
  EXPECT_EQ(table.intern({model::NameId{9999}, {}, {}, {}}), LabelSetId{});
}

TEST(LabelSets, ThreadsReadWhatOthersIntern) {
  LabelSetTable table;
  std::atomic<std::uint32_t> known{0};
  std::thread writer([&] {
    for (std::uint32_t n = 1; n <= 5000; ++n) {
      table.intern({model::NameId{n}, model::NameId{n + 1}, {}, {}});
      known.store(n);
    }
  });
  bool right = true;
  while (known.load() < 5000) {
    const std::uint32_t n = known.load();
    right = right && table.view(LabelSetId{n}).tenant == model::NameId{n == 0 ? 0 : n + 1};
  }
  writer.join();
  EXPECT_TRUE(right);
}
