// SPDX-License-Identifier: Apache-2.0
// The daemon's log: one line per noteworthy happening, on standard error. Not for outcomes of mail: those are events.
//
// Use:  log::warn("spool", "segment {} is damaged at {}", number, offset);
// The first argument is the module. Control characters in arguments are escaped, so a peer cannot forge lines.
// Threads: any. A line is written whole.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace penstock::log {

enum class Level { Debug, Info, Warn, Error, Off };  // Off: for set_level() only

// Lines below this level are dropped. Default Info.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view module, std::string_view text);

template <class... Args>
void debug(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Debug)) write(Level::Debug, module, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Info)) write(Level::Info, module, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Warn)) write(Level::Warn, module, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Error)) write(Level::Error, module, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace penstock::log
