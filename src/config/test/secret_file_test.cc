// SPDX-License-Identifier: Apache-2.0
#include "config/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/test/temp_folder.h"

namespace penstock::config {
namespace {

using ::testing::HasSubstr;

class SecretFile : public ::testing::Test {
 protected:
  void SetUp() override { write("secret"); }
  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  std::string complaint() {
    const auto read = read_secret_file(path_);
    return read ? std::string() : read.error();
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("key.pem");
};

TEST_F(SecretFile, TightModesAreRead) {
  for (const mode_t mode : {0600U, 0400U, 0640U, 0440U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_EQ(read_secret_file(path_), "secret") << mode;
  }
}

TEST_F(SecretFile, LooseModesAreRefusedWithTheRemedy) {
  for (const mode_t mode : {0644U, 0604U, 0660U, 0777U, 0601U, 0610U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(complaint(), HasSubstr("others can use this secret; chmod 0600")) << mode;
  }
  write("secret", 0644);
  EXPECT_THAT(complaint(), HasSubstr("has mode 0644"));
}

TEST_F(SecretFile, WhatIsNoFileOfOursIsRefused) {
  const auto missing = read_secret_file(folder_.file("none"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), HasSubstr("none: cannot be read: No such file"));
  const auto directory = read_secret_file(folder_.path());
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error(), HasSubstr("is no regular file"));
  if (::geteuid() != 0) return;  // only root can give files away
  ASSERT_EQ(::chown(path_.c_str(), 12345, 0), 0);
  EXPECT_THAT(complaint(), HasSubstr("belongs to somebody else"));
}

TEST_F(SecretFile, LargeFileIsRefused) {
  write(std::string(64 * 1024, 'x'));
  EXPECT_EQ(complaint(), "");
  write(std::string(64 * 1024 + 1, 'x'));
  EXPECT_THAT(complaint(), HasSubstr("larger than 64 KiB"));
}

}  // namespace
}  // namespace penstock::config
