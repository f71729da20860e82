// SPDX-License-Identifier: Apache-2.0
// The three things penstock-spool does. Each prints to `out` and gives the program's exit status, or an error.
//
// Exit status: 0 all is well; 1 something is damaged. Errors (the caller prints them and exits with 2): Errc::Locked
// while a daemon has the folder open, and what the disk says.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/ids.h"
#include "spool/file_system.h"

namespace penstock::spool_tool {

struct Options {
  std::string dir = {};
  bool json = false;                             // check, repair: one object; dump: one object a line
  std::optional<model::MessageId> message = {};  // dump: only its records
  bool body = false;                             // dump: write the message's body and nothing else
};

// Reads everything, changes nothing.
[[nodiscard]] Result<int> check(spool::FileSystem& files, const Options& options, std::FILE* out);
// Prints every record, segment by segment in the order of their use.
[[nodiscard]] Result<int> dump(spool::FileSystem& files, const Options& options, std::FILE* out);
// Cuts torn tails, sets damaged stretches aside, writes all hints anew.
[[nodiscard]] Result<int> repair(spool::FileSystem& files, const Options& options, std::FILE* out);

}  // namespace penstock::spool_tool
