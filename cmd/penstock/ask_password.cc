// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/ask_password.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace penstock::cli {
namespace {

// The terminal does not show what is typed while this lives.
class Unseen {
 public:
  Unseen() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string read_line() {
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string prompt(std::string_view question) {
  fmt::print(stderr, "{}", question);
  std::string line = read_line();
  fmt::print(stderr, "\n");
  return line;
}

}  // namespace

Got<std::string> ask_password() {
  std::string password;
  if (::isatty(STDIN_FILENO) == 1) {
    const Unseen unseen;
    password = prompt("Password: ");
    if (!password.empty() && prompt("Again: ") != password) {
      return fail_with(kExitUsage, "the two are not the same; nothing was changed");
    }
  } else {
    password = read_line();
  }
  if (password.empty()) {
    return fail_with(kExitUsage, "no password was given", "type it, or write it to standard input");
  }
  return password;
}

}  // namespace penstock::cli
