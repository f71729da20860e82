// SPDX-License-Identifier: Apache-2.0
// The life of the process: load, build, serve, obey signals, stop.
//
// SIGTERM and SIGINT stop in two phases (a second one ends at once); SIGHUP reloads the configuration. Problems at
// start are printed on standard error, one sentence each.   Threads: the main thread, before any other exists.
#pragma once

#include <string>

namespace penstock::app {

// Returns the exit status: 0 after an orderly stop, 1 when it could not start.
[[nodiscard]] int run_daemon(const std::string& config_file);

}  // namespace penstock::app
