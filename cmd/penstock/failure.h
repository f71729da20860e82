// SPDX-License-Identifier: Apache-2.0
// How a command ends: well, or with a Failure that main prints. The exit status is part of the interface (docs/cli.md).
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace penstock::cli {

inline constexpr int kExitRefused = 1;      // the daemon said no, or the answer is no
inline constexpr int kExitUsage = 2;        // the command line is wrong
inline constexpr int kExitUnreachable = 3;  // no daemon answered

struct Failure {
  int exit = kExitRefused;
  std::string message;  // empty: what there was to say has been printed
  std::string hint;
};

using Ended = tl::expected<void, Failure>;
template <class T>
using Got = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> fail_with(int exit, std::string message, std::string hint = {}) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message), std::move(hint)});
}

}  // namespace penstock::cli
