// SPDX-License-Identifier: Apache-2.0
// TXT records of DKIM keys for a command: from a file, or from DNS.
#pragma once

#include <string>
#include <vector>

#include "cmd/penstock/failure.h"
#include "dkim/verification.h"

namespace penstock::cli {

// Blocks until all answers are there, 15 seconds at most. `resolver` ("127.0.0.1:5353") is asked instead of the
// machine's own when it is not empty. Failure: no resolver can be used at all.
[[nodiscard]] Got<dkim::KeyAnswers> look_up_keys(const std::vector<std::string>& names, const std::string& resolver);

// Either of the two, as --keys and --resolver say.
[[nodiscard]] Got<dkim::KeyAnswers> find_keys(const std::vector<std::string>& names, const std::string& file,
                                              const std::string& resolver);

// The whole file; "-" is standard input.
[[nodiscard]] Got<std::string> read_input(const std::string& path);

}  // namespace penstock::cli
