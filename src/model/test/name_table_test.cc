// SPDX-License-Identifier: Apache-2.0
#include "model/name_table.h"

#include <gtest/gtest.h>

#include <thread>

using penstock::model::NameId;
using penstock::model::NameTable;

TEST(NameTable, SameNameSameNumber) {
  NameTable names;
  EXPECT_EQ(names.intern(""), NameId{});
  const NameId gmail = names.intern("gmail.com");
  EXPECT_NE(gmail, names.intern("yahoo.com"));
  EXPECT_EQ(gmail, names.intern("gmail.com"));
  EXPECT_EQ(names.find("gmail.com"), gmail);
  EXPECT_EQ(names.find("never.example"), NameId{});
  EXPECT_EQ(names.view(gmail), "gmail.com");
}

TEST(NameTable, ManyThreadsAgree) {
  NameTable names;
  constexpr std::uint32_t kNames = 10'000;
  auto work = [&] {
    for (std::uint32_t i = 0; i < kNames; ++i) {
      const std::string name = "d" + std::to_string(i) + ".example";
      const NameId id = names.intern(name);
      if (names.view(id) != name) std::abort();
    }
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  EXPECT_EQ(names.size(), kNames + 1);
}
