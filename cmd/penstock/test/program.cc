// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/test/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace penstock::cli {
namespace {

std::string read_all(int fd) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// The program must not hold the sockets of a server in this process open: it would wait for answers of its own.
void close_inherited(posix_spawn_file_actions_t& actions) {
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
}

}  // namespace

Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  variables.insert(variables.end(), environment.begin(), environment.end());
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  close_inherited(actions);
  pid_t pid = -1;
  EXPECT_EQ(
      ::posix_spawnp(&pid, program.c_str(), &actions, nullptr, pointers(words).data(), pointers(variables).data()), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  Ran ran;
  std::thread reader([&ran, fd = err[0]] { ran.err = read_all(fd); });
  ran.out = read_all(out[0]);
  reader.join();
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

Ran run_on_terminal(const std::string& program, const std::vector<std::string>& arguments, const std::string& until,
                    const std::string& keys) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_EQ(::grantpt(terminal), 0);
  EXPECT_EQ(::unlockpt(terminal), 0);
  const winsize size{30, 100, 0, 0};
  EXPECT_EQ(::ioctl(terminal, TIOCSWINSZ, &size), 0);
  const std::string name = ::ptsname(terminal);
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&actions, fd, name.c_str(), O_RDWR, 0);
  close_inherited(actions);
  std::vector<std::string> variables{"TERM=xterm"};
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, program.c_str(), &actions, nullptr, pointers(words).data(), pointers(variables).data()),
            0);
  ::posix_spawn_file_actions_destroy(&actions);
  Ran ran;
  std::array<char, 4096> buffer{};
  bool typed = false;
  // Reading fails once the program, the only one on the terminal, has ended.
  for (ssize_t got = 0; (got = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    ran.out.append(buffer.data(), static_cast<std::size_t>(got));
    if (typed || ran.out.find(until) == std::string::npos) continue;
    typed = true;
    EXPECT_EQ(::write(terminal, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  ::close(terminal);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(PENSTOCK_SOURCE_DIR) + "/cmd/penstock/test/golden/" + name;
  if (std::getenv("PENSTOCK_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << "differs from " << name;
}

}  // namespace penstock::cli
