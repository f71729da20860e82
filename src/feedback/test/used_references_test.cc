// SPDX-License-Identifier: Apache-2.0
#include "feedback/used_references.h"

#include <gtest/gtest.h>

#include "base/test/temp_folder.h"

namespace penstock::feedback {
namespace {

using namespace std::chrono_literals;
using report::ReportKind;

constexpr std::uint64_t kFirst = 0xFFFFFFFFFFFFFFFF;
constexpr std::uint64_t kSecond = 2;

class UsedReferencesTest : public ::testing::Test {
 protected:
  UsedReferencesTest() { open(); }
  ~UsedReferencesTest() override { writer_->stop(); }
  void open() {
    if (writer_) writer_->stop();
    used_.reset();
    writer_ = std::move(*state::Writer::open(folder_.file("state.db")));
    used_ = std::move(*UsedReferences::open(*writer_, clock_));
  }
  // Waits for what was submitted.
  void settle() {
    EXPECT_TRUE(writer_->run([](state::Database&) { return Result<>(); }));
  }
  static model::RecipientId recipient(std::uint64_t id) { return {model::MessageId{id}, 0}; }

  const TempFolder folder_;
  FakeClock clock_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<UsedReferences> used_;
};

TEST_F(UsedReferencesTest, AnotherReportFindsItUsedAndTheSameOneDoesNot) {
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kFirst));
  used_->take(recipient(1), ReportKind::Bounce, kFirst);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(used_->is_used(recipient(1), ReportKind::Bounce, kSecond)) << "at once, and when it is on disk";
    EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kFirst));
    settle();
  }
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Complaint, kSecond));
  EXPECT_FALSE(used_->is_used(recipient(2), ReportKind::Bounce, kSecond));
  EXPECT_FALSE(used_->is_used({model::MessageId{1}, 1}, ReportKind::Bounce, kSecond));
}

TEST_F(UsedReferencesTest, AreKnownAfterARestart) {
  used_->take(recipient(1), ReportKind::Bounce, kFirst);
  open();
  EXPECT_TRUE(used_->is_used(recipient(1), ReportKind::Bounce, kSecond));
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kFirst));
}

TEST_F(UsedReferencesTest, GivenBackIsUnused) {
  used_->take(recipient(1), ReportKind::Bounce, kFirst);
  used_->give_back(recipient(1), ReportKind::Bounce);
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kSecond));
  settle();
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kSecond));
}

TEST_F(UsedReferencesTest, OldOnesAreForgottenAndYoungOnesAreNot) {
  used_->take(recipient(1), ReportKind::Bounce, kFirst);
  clock_.advance(50 * 24h);
  used_->take(recipient(2), ReportKind::Bounce, kFirst);
  clock_.advance(51 * 24h);
  open();
  settle();
  EXPECT_FALSE(used_->is_used(recipient(1), ReportKind::Bounce, kSecond));
  EXPECT_TRUE(used_->is_used(recipient(2), ReportKind::Bounce, kSecond));
}

// A thousand more than it forgets at a time: no number of them makes it forget young ones.
TEST_F(UsedReferencesTest, ManyAreKept) {
  for (std::uint64_t id = 1; id <= 3'000; ++id) used_->take(recipient(id), ReportKind::Bounce, kFirst);
  settle();
  for (const std::uint64_t id : {1U, 1'500U, 3'000U}) {
    EXPECT_TRUE(used_->is_used(recipient(id), ReportKind::Bounce, kSecond)) << id;
  }
}

}  // namespace
}  // namespace penstock::feedback
