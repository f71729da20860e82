// SPDX-License-Identifier: Apache-2.0
#include "mtasts/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mtasts/test/make_policy.h"
#include "state/test/temp_database.h"

namespace penstock::mtasts {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { open(); }
  void open() {
    store_.reset();
    writer_.reset();
    auto writer = state::Writer::open(file_.path());
    ASSERT_TRUE(writer);
    writer_ = std::move(*writer);
    auto store = Store::open(*writer_, clock_);
    ASSERT_TRUE(store) << store.error().to_string();
    store_ = std::move(*store);
  }

  state::TempDatabase file_;
  FakeClock clock_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, PolicyHoldsUntilItsAge) {
  store_->put("a.example", make_policy("1", clock_.wall(), 1h));
  ASSERT_TRUE(store_->find("a.example"));
  EXPECT_FALSE(store_->find("b.example"));
  clock_.advance(1h);
  EXPECT_FALSE(store_->find("a.example"));
}

TEST_F(StoreTest, RestartKeepsIdTextAndAge) {
  store_->put("a.example", make_policy("one", clock_.wall(), 48h));
  store_->put("short.example", make_policy("two", clock_.wall(), 1h));
  clock_.advance(2h);
  open();
  const KnownPolicyPtr kept = store_->find("a.example");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->id, "one");
  EXPECT_EQ(kept->expires, clock_.wall() + 46h);
  EXPECT_TRUE(kept->policy.allows("mx.a.example"));
  EXPECT_FALSE(store_->find("short.example"));
}

TEST_F(StoreTest, NewPolicyReplacesTheOldOne) {
  store_->put("a.example", make_policy("one", clock_.wall(), 48h));
  store_->put("a.example", make_policy("two", clock_.wall(), 48h));
  open();
  EXPECT_EQ(store_->find("a.example")->id, "two");
  EXPECT_EQ(store_->size(), 1U);
}

TEST_F(StoreTest, PolicyIsStaleAfterADayOrHalfItsAge) {
  store_->put("long.example", make_policy("1", clock_.wall(), 30 * 24h));
  store_->put("short.example", make_policy("1", clock_.wall(), 10h));
  EXPECT_THAT(store_->take_stale(10), IsEmpty());
  clock_.advance(5h);
  EXPECT_THAT(store_->take_stale(10), ElementsAre("short.example"));
  EXPECT_THAT(store_->take_stale(10), IsEmpty());  // told once an hour
  clock_.advance(19h);
  EXPECT_THAT(store_->take_stale(10), ElementsAre("long.example"));
  EXPECT_EQ(store_->size(), 1U);  // the short one has expired
}

TEST_F(StoreTest, DomainNobodyWritesToIsLeftAlone) {
  store_->put("quiet.example", make_policy("1", clock_.wall(), 100 * 24h));
  clock_.advance(Store::kUnused);
  EXPECT_THAT(store_->take_stale(10), IsEmpty());
  EXPECT_TRUE(store_->find("quiet.example"));
  EXPECT_THAT(store_->take_stale(10), ElementsAre("quiet.example"));
}

}  // namespace
}  // namespace penstock::mtasts
