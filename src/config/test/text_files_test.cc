// SPDX-License-Identifier: Apache-2.0
#include "config/text_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/test/temp_folder.h"

namespace penstock::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string only_problem(const Problems& problems) {
  const auto all = problems.sorted();
  EXPECT_THAT(all, SizeIs(1));
  return all.empty() ? "" : format_problem(all.front());
}

TEST(TextFiles, TomlFilesOfAFolderComeByName) {
  const TempFolder folder;
  std::ofstream(folder.file("b.toml")) << "b = 1\n";
  std::ofstream(folder.file("a.toml")) << "a = 1\n";
  std::ofstream(folder.file("notes.txt")) << "not one of them\n";
  Problems problems;
  const auto files = read_toml_files(folder.path(), "classify.rules", problems);
  EXPECT_FALSE(problems.any_error());
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_EQ(files[0].name, folder.file("a.toml"));
  EXPECT_EQ(files[0].text, "a = 1\n");
  EXPECT_EQ(files[1].name, folder.file("b.toml"));
}

TEST(TextFiles, FolderThatIsNotThereIsAProblemOfItsKey) {
  Problems problems;
  EXPECT_THAT(read_toml_files("/nonexistent/rules", "classify.rules", problems), IsEmpty());
  const std::string words = only_problem(problems);
  EXPECT_THAT(words, HasSubstr("/nonexistent/rules"));
  EXPECT_THAT(words, HasSubstr("the folder cannot be read: "));
  EXPECT_THAT(words, HasSubstr("make it, or take `rules` out of [classify]"));
}

TEST(TextFiles, FileThatCannotBeReadIsNamedAndTheOthersStay) {
  const TempFolder folder;
  std::filesystem::create_symlink(folder.file("nothing"), folder.file("a.toml"));
  std::ofstream(folder.file("b.toml")) << "b = 1\n";
  Problems problems;
  const auto files = read_toml_files(folder.path(), "providers.folder", problems);
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].name, folder.file("b.toml"));
  EXPECT_THAT(only_problem(problems), HasSubstr(folder.file("a.toml")));
}

}  // namespace
}  // namespace penstock::config
