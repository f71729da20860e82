// SPDX-License-Identifier: Apache-2.0
// The commands of penstock-sim. Each add_…() declares one on the command line and returns what carries it out once
// the line is parsed. The number is the exit status: kDone, kNo, kTrouble.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/result.h"

namespace penstock::sim {

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;       // carried out, and the answer is no
inline constexpr int kTrouble = 2;  // could not be carried out

using CommandAction = std::function<int()>;

CommandAction add_serve(CLI::App& app);
CommandAction add_send(CLI::App& app);
CommandAction add_check(CLI::App& app);
CommandAction add_compare(CLI::App& app);
// report, set, wait and reset.
CommandAction add_report(CLI::App& app);
CommandAction add_set(CLI::App& app);
CommandAction add_wait(CLI::App& app);
CommandAction add_reset(CLI::App& app);

// Says on standard error what went wrong; returns kTrouble.
int complain(const Error& error);

}  // namespace penstock::sim
