// SPDX-License-Identifier: Apache-2.0
// What changes a process is tried in a child.
#include "app/privileges.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "base/test/temp_folder.h"

namespace penstock::app {
namespace {

// Whether it said yes in a process of its own.
bool in_child(const std::function<bool()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string status_line(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}

const Identity kNobody{65534, 65534, "nobody"};

TEST(Privileges, NoUserMeansNobodyElse) {
  const auto identity = find_identity(config::Node{});
  ASSERT_TRUE(identity);
  EXPECT_FALSE(*identity);
}

TEST(Privileges, AnUnknownUserIsToldWithARemedy) {
  config::Node node;
  node.user = "no-such-user-here";
  const auto identity = find_identity(node);
  ASSERT_FALSE(identity);
  EXPECT_NE(identity.error().detail.find("useradd"), std::string::npos);
  node.user = "nobody";
  node.group = "no-such-group-here";
  EXPECT_FALSE(find_identity(node));
  node.user.clear();
  EXPECT_FALSE(find_identity(node));
  node.user = "root";
  node.group.clear();
  EXPECT_FALSE(find_identity(node));
}

TEST(Privileges, DroppedAreGoneForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_TRUE(in_child([] {
    if (!drop_privileges(kNobody)) return false;
    const bool ids =
        status_line("Uid") == "65534\t65534\t65534\t65534" && status_line("Gid") == "65534\t65534\t65534\t65534";
    const bool groups = status_line("Groups").find_first_of("0123456789") == std::string::npos;
    bool capabilities = true;
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
      capabilities = capabilities && status_line(set) == "0000000000000000";
    }
    return ids && groups && capabilities && status_line("NoNewPrivs") == "1" && ::setuid(0) != 0;
  }));
}

TEST(Privileges, CoreFilesAreOffUnlessAskedFor) {
  // Sanitizers look into the process, so nothing is changed under them.
#ifndef PENSTOCK_SANITIZED
  EXPECT_TRUE(in_child([] {
    keep_to_ourselves(false);
    std::ifstream limits("/proc/self/limits");
    for (std::string line; std::getline(limits, line);) {
      if (line.starts_with("Max core file size")) return line.find("   0  ") != std::string::npos;
    }
    // Not dumpable: the file may not even be opened any more, unless by root.
    return ::geteuid() != 0;
  }));
#endif
}

TEST(Privileges, WhatIsMadeIsForItsOwner) {
  TempFolder folder;
  EXPECT_TRUE(in_child([&] {
    keep_to_ourselves(true);
    std::ofstream(folder.file("made")) << "x";
    struct stat facts {};
    return ::stat(folder.file("made").c_str(), &facts) == 0 && (facts.st_mode & 0777) == 0600;
  }));
}

TEST(Privileges, MissingFoldersAreMadeForTheIdentity) {
  TempFolder folder;
  const std::optional<Identity> identity = ::geteuid() == 0 ? std::optional(kNobody) : std::nullopt;
  ASSERT_TRUE(make_folder(folder.file("a/b"), identity, 0700));
  struct stat facts {};
  ASSERT_EQ(::stat(folder.file("a/b").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  EXPECT_EQ(facts.st_uid, identity ? kNobody.uid : ::geteuid());
  ::chmod(folder.file("a").c_str(), 0750);
  ASSERT_TRUE(make_folder(folder.file("a"), identity, 0700));  // there already: left alone
  ASSERT_EQ(::stat(folder.file("a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0750U);
}

TEST(Privileges, AFolderOfSomebodyElseIsToldWithARemedy) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  TempFolder folder;
  ::chmod(folder.path().c_str(), 0755);
  ASSERT_TRUE(make_folder(folder.file("roots"), std::nullopt, 0700));
  ASSERT_TRUE(make_folder(folder.file("nobodys"), kNobody, 0700));
  std::ofstream(folder.file("nobodys/state.db")) << "x";
  ::chmod(folder.file("nobodys/state.db").c_str(), 0600);
  EXPECT_TRUE(in_child([&] {
    if (!drop_privileges(kNobody)) return false;
    const auto roots = check_folder(folder.file("roots"));
    const auto left = check_folder(folder.file("nobodys"));
    return !roots && roots.error().detail.find("chown -R nobody") != std::string::npos && !left &&
           left.error().detail.find("state.db belongs to root") != std::string::npos;
  }));
}

}  // namespace
}  // namespace penstock::app
