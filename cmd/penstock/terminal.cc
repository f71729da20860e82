// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

namespace penstock::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

// What a signal handler needs to put things back; set while a Terminal lives.
termios saved_mode;
volatile sig_atomic_t mode_is_saved = 0;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Only calls what a signal handler may.
void restore() {
  if (mode_is_saved != 0) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
  write_all(kLeave);
}

void end_by_signal(int number) {
  restore();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void note_resize(int) {}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Terminal::Terminal() {
  termios mode{};
  if (::tcgetattr(STDIN_FILENO, &mode) == 0) {
    saved_mode = mode;
    mode_is_saved = 1;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) handle(number, end_by_signal);
  handle(SIGWINCH, note_resize);  // interrupts the wait for a key
  write_all(kEnter);
}

Terminal::~Terminal() {
  restore();
  mode_is_saved = 0;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) handle(number, SIG_DFL);
}

void Terminal::draw(std::string_view text) {
  const ScreenSize screen = size();
  std::string out = "\x1b[H";
  for (std::size_t row = 0; row < screen.rows && !text.empty(); ++row) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t bytes = 0;
    for (std::size_t columns = 0; bytes < line.size() && columns < screen.columns; ++columns) {
      ++bytes;
      while (bytes < line.size() && (static_cast<unsigned char>(line[bytes]) & 0xC0U) == 0x80U) ++bytes;
    }
    if (row > 0) out += "\r\n";
    out += line.substr(0, bytes);
    out += "\x1b[K";
  }
  write_all(out + "\x1b[J");
}

std::optional<char> Terminal::wait_for_key(Duration most) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(most).count();
  if (::poll(&input, 1, static_cast<int>(millis)) <= 0) return std::nullopt;
  char key = 0;
  // The end of the input ends the screen: there is nobody left to press q.
  return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

ScreenSize Terminal::size() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0) return {};
  return {window.ws_row, window.ws_col};
}

bool Terminal::is_there() {
  return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace penstock::cli
