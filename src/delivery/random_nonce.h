// SPDX-License-Identifier: Apache-2.0
// Printable text that nobody can guess, for one exchange of SCRAM.   Threads: any.
#pragma once

#include <string>

namespace penstock::delivery {

[[nodiscard]] std::string random_nonce();

}  // namespace penstock::delivery
