// SPDX-License-Identifier: Apache-2.0
#include "base/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/test/temp_folder.h"

namespace penstock {
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

TEST_F(SecretFile, ToolsLearnWhatIsWrongForAnyDaemon) {
  EXPECT_FALSE(find_secret_fault(path_));
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  const auto loose = find_secret_fault(path_);
  ASSERT_TRUE(loose);
  EXPECT_TRUE(loose->certain);
  EXPECT_THAT(loose->why, HasSubstr("has mode 0644"));
  const auto missing = find_secret_fault(folder_.file("none"));
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing->certain);
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

TEST_F(SecretFile, RootReadsThoseOfTheUserItBecomes) {
  const struct passwd* nobody = ::getpwnam("nobody");
  if (::geteuid() != 0 || nobody == nullptr) GTEST_SKIP() << "only root can give files away";
  const uid_t user = nobody->pw_uid;
  ASSERT_EQ(::chown(path_.c_str(), user, 0), 0);
  EXPECT_THAT(complaint(), HasSubstr("belongs to somebody else"));
  accept_secrets_of("nobody");
  EXPECT_EQ(complaint(), "");
  ASSERT_EQ(::chown(path_.c_str(), user + 1, 0), 0);
  EXPECT_THAT(complaint(), HasSubstr("belongs to somebody else"));
  for (const char* user_name : {"no-such-user-here", ""}) {
    accept_secrets_of(user_name);
    ASSERT_EQ(::chown(path_.c_str(), user, 0), 0);
    EXPECT_THAT(complaint(), HasSubstr("belongs to somebody else")) << user_name;
  }
}

TEST_F(SecretFile, LargeFileIsRefused) {
  write(std::string(64 * 1024, 'x'));
  EXPECT_EQ(complaint(), "");
  write(std::string(64 * 1024 + 1, 'x'));
  EXPECT_THAT(complaint(), HasSubstr("larger than 64 KiB"));
}

}  // namespace
}  // namespace penstock
