// SPDX-License-Identifier: Apache-2.0
// Terminal: a live screen on any terminal that understands ANSI sequences (ECMA-48), and single key presses.
//
// Use:  Terminal terminal;   terminal.draw(text);   if (terminal.wait_for_key(1s) == 'q') …
// Owns: the terminal's mode, from construction to destruction; a signal that ends the program restores it too.
// One at a time. Threads: main's.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace penstock::cli {

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Shows `text`, cut to the screen, in place of what was there.
  void draw(std::string_view text);
  // A key pressed within this time; nothing otherwise, or when the window's size changed.
  [[nodiscard]] std::optional<char> wait_for_key(Duration most);
  [[nodiscard]] static ScreenSize size();
  // True if standard output is a terminal.
  [[nodiscard]] static bool is_there();
};

}  // namespace penstock::cli
