// SPDX-License-Identifier: Apache-2.0
// The key file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/test/temp_folder.h"
#include "feedback/key_file.h"

namespace penstock::feedback {
namespace {

class KeyFile : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const char* name) const { return folder_.file(name); }
  const TempFolder folder_;
};

TEST_F(KeyFile, KeysAreMadeOnceAndPrivate) {
  const auto made = load_or_make_keys(path("keys"));
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(path("keys").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto again = load_or_make_keys(path("keys"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->current, made->current);
}

TEST_F(KeyFile, RotationKeepsThePreviousKey) {
  const auto made = load_or_make_keys(path("keys"));
  const auto rotated = rotate_keys(path("keys"));
  ASSERT_TRUE(made && rotated);
  EXPECT_NE(rotated->current, made->current);
  EXPECT_EQ(rotated->previous, std::vector{made->current});
  EXPECT_EQ(load_or_make_keys(path("keys"))->previous, std::vector{made->current});
  const auto again = rotate_keys(path("keys"));
  EXPECT_EQ(again->previous, (std::vector{rotated->current, made->current}));
  for (std::size_t i = 0; i < kPreviousKeysMax; ++i) (void)rotate_keys(path("keys"));
  const auto many = load_or_make_keys(path("keys"));
  ASSERT_EQ(many->previous.size(), kPreviousKeysMax);
  EXPECT_EQ(many->previous.back(), again->current) << "the oldest are forgotten";
}

TEST_F(KeyFile, KeysThatOthersMayReadAreRefused) {
  ASSERT_TRUE(load_or_make_keys(path("keys")));
  ::chmod(path("keys").c_str(), 0644);
  const auto keys = load_or_make_keys(path("keys"));
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error(), Errc::BadKeyFile);
}

TEST_F(KeyFile, DamagedKeysAreRefusedAndKept) {
  for (const char* text : {"", "current 12\n",
                           "other "
                           "00\n",
                           "nonsense"}) {
    std::ofstream(path("keys")) << text;
    ::chmod(path("keys").c_str(), 0600);
    EXPECT_FALSE(load_or_make_keys(path("keys"))) << text;
  }
}

}  // namespace
}  // namespace penstock::feedback
