// SPDX-License-Identifier: Apache-2.0
// load_file: reads the TOML file and what it includes, and checks all of it.
//
// Use:  const Loaded loaded = load_file("/etc/penstock/penstock.toml");
//       for (const Problem& p : loaded.problems) print(format_problem(p));
//       if (!loaded.config) …;   use(*loaded.config);
//
// Every mistake is reported, not only the first: TOML syntax, keys that do not exist (with the nearest that does),
// values of the wrong kind or out of bounds, names nobody declared, rules that can never match. Includes are read in
// the order named, files of one pattern by name; [[tables]] of all files are joined in that order, every other key may
// be given once. Reads files; asks the machine for its host name when none is given. Nothing else of the machine is
// looked at: whether an address is there or a folder can be written is found out at start.
//
// Never throws.   Threads: any.   Limits: files of 16 MiB, 1,000 of them, 100 problems.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace penstock::config {

struct Problem {
  std::string file;
  std::uint32_t line = 0, column = 0;  // from 1; 0: of the file as a whole
  std::string key;                     // "stream.default.pool"
  std::string message;                 // one sentence, small letter first, no full stop
  std::string suggestion;              // what to do; may be empty
  bool is_error = true;                // else a warning: it works, but probably not as meant
};
// "penstock.toml:12:1: unknown key "conections" in [[domain]]; did you mean "connections"?", warnings end in
// "(warning)".
[[nodiscard]] std::string format_problem(const Problem& problem);

// One effective value.
struct Setting {
  std::string key;     // "listener.127.0.0.1:2525.max_errors": entries of lists of tables go by their names
  std::string value;   // as it would be written in the file: "\"50 MiB\""
  std::string origin;  // "penstock.toml:12", or "default"
  bool needs_restart = false;
};

struct Loaded {
  std::shared_ptr<const Config> config;  // null when there is an error among the problems
  std::vector<Problem> problems;         // by file and place, in reading order
  std::vector<Setting> settings;         // all that are set or have a default; empty without config
};

[[nodiscard]] Loaded load_file(const std::string& path);
// `name` stands for the file in problems and origins; patterns of `include` are taken from its folder.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& name);

struct Change {
  std::string key;
  std::string before, after;  // as written; empty: not there
  bool needs_restart = false;
};
// What differs between two configurations, in the order of docs/configuration.md.
[[nodiscard]] std::vector<Change> compare(const Config& before, const Config& after);

}  // namespace penstock::config
