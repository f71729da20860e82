// SPDX-License-Identifier: Apache-2.0
// A password from whoever runs the command: asked for twice without showing it on a terminal; else the first line of
// standard input. Never from an argument, which everybody on the machine can read.   Threads: main's.
#pragma once

#include <string>

#include "cmd/penstock/failure.h"

namespace penstock::cli {

[[nodiscard]] Got<std::string> ask_password();

}  // namespace penstock::cli
