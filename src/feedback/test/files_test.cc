// SPDX-License-Identifier: Apache-2.0
// The key file and the file of used references.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "feedback/key_file.h"
#include "feedback/used_references.h"

namespace penstock::feedback {
namespace {

using report::ReportKind;

class Files : public ::testing::Test {
 protected:
  Files() : folder_(std::filesystem::temp_directory_path() / ("penstock_feedback_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  static model::RecipientId recipient(std::uint64_t id) { return {model::MessageId{id}, 0}; }

  std::filesystem::path folder_;
};

TEST_F(Files, KeysAreMadeOnceAndPrivate) {
  const auto made = load_or_make_keys(path("keys"));
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(path("keys").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto again = load_or_make_keys(path("keys"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->current, made->current);
}

TEST_F(Files, RotationKeepsThePreviousKey) {
  const auto made = load_or_make_keys(path("keys"));
  const auto rotated = rotate_keys(path("keys"));
  ASSERT_TRUE(made && rotated);
  EXPECT_NE(rotated->current, made->current);
  EXPECT_EQ(rotated->previous, made->current);
  EXPECT_EQ(load_or_make_keys(path("keys"))->previous, made->current);
}

TEST_F(Files, KeysThatOthersMayReadAreRefused) {
  ASSERT_TRUE(load_or_make_keys(path("keys")));
  ::chmod(path("keys").c_str(), 0644);
  const auto keys = load_or_make_keys(path("keys"));
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error(), Errc::BadKeyFile);
}

TEST_F(Files, DamagedKeysAreRefusedAndKept) {
  for (const char* text : {"", "current 12\n",
                           "other "
                           "00\n",
                           "nonsense"}) {
    std::ofstream(path("keys")) << text;
    ::chmod(path("keys").c_str(), 0600);
    EXPECT_FALSE(load_or_make_keys(path("keys"))) << text;
  }
}

TEST_F(Files, UsedReferencesAreKnownAfterARestart) {
  {
    auto used = UsedReferences::open(path("used"));
    ASSERT_TRUE(used);
    EXPECT_TRUE((*used)->take(recipient(1), ReportKind::Bounce));
    EXPECT_FALSE((*used)->take(recipient(1), ReportKind::Bounce));
    EXPECT_TRUE((*used)->take(recipient(1), ReportKind::Complaint));
  }
  auto used = UsedReferences::open(path("used"));
  ASSERT_TRUE(used);
  EXPECT_TRUE((*used)->contains(recipient(1), ReportKind::Bounce));
  EXPECT_FALSE((*used)->contains(recipient(2), ReportKind::Bounce));
}

TEST_F(Files, TornAndDamagedRecordsArePassedOver) {
  {
    auto used = UsedReferences::open(path("used"));
    for (std::uint64_t id = 1; id <= 3; ++id) (*used)->take(recipient(id), ReportKind::Bounce);
  }
  std::filesystem::resize_file(path("used"), 3 * 16 - 5);
  std::fstream(path("used"), std::ios::in | std::ios::out | std::ios::binary) << 'x';
  auto used = UsedReferences::open(path("used"));
  ASSERT_TRUE(used);
  EXPECT_FALSE((*used)->contains(recipient(1), ReportKind::Bounce));
  EXPECT_TRUE((*used)->contains(recipient(2), ReportKind::Bounce));
  EXPECT_TRUE((*used)->take(recipient(3), ReportKind::Bounce));
}

TEST_F(Files, UsedReferencesAreBounded) {
  auto used = UsedReferences::open(path("used"), 4);
  for (std::uint64_t id = 1; id <= 20; ++id) (*used)->take(recipient(id), ReportKind::Bounce);
  EXPECT_FALSE((*used)->contains(recipient(1), ReportKind::Bounce));
  EXPECT_TRUE((*used)->contains(recipient(20), ReportKind::Bounce));
  EXPECT_TRUE((*used)->contains(recipient(16), ReportKind::Bounce));
  EXPECT_LE(std::filesystem::file_size(path("used")) + std::filesystem::file_size(path("used.old")), 8 * 16U);
}

}  // namespace
}  // namespace penstock::feedback
