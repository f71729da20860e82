// SPDX-License-Identifier: Apache-2.0
// Keys of DKIM for a command: TXT records from a file or from DNS, and private ones.
#pragma once

#include <string>
#include <vector>

#include "cmd/penstock/failure.h"
#include "dkim/key_pair.h"
#include "dkim/verification.h"

namespace penstock::cli {

// Blocks until all answers are there, 15 seconds at most. `resolver` ("127.0.0.1:5353") is asked instead of the
// machine's own when it is not empty. Failure: no resolver can be used at all.
[[nodiscard]] Got<dkim::KeyAnswers> look_up_keys(const std::vector<std::string>& names, const std::string& resolver);

// Either of the two, as --keys and --resolver say.
[[nodiscard]] Got<dkim::KeyAnswers> find_keys(const std::vector<std::string>& names, const std::string& file,
                                              const std::string& resolver);

// A private key, of a file that nobody else can use. Failure: Usage without a path.
[[nodiscard]] Got<dkim::KeyPair> read_key(const std::string& path);

// The whole file; "-" is standard input.
[[nodiscard]] Got<std::string> read_input(const std::string& path);

}  // namespace penstock::cli
