// SPDX-License-Identifier: Apache-2.0
// The file that keeps the keys of references: "reference.keys" in the data folder, readable by its owner only.
//
// Use:  auto keys = load_or_make_keys(data_dir + "/reference.keys");
//       rotate_keys(path)        // a new current key; the one before is the first of the previous ones
// Format: a line "current <64 hex digits>" and up to kPreviousKeysMax lines "previous <64 hex digits>", newest first.
// Written beside and renamed, so a crash leaves the old file or the new one. Errors: what the operating system says;
// Errc::BadKeyFile for a file that others may read or that is not as above. Threads: any, one writer at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "feedback/errc.h"
#include "feedback/reference.h"

namespace penstock::feedback {

[[nodiscard]] Result<ReferenceKeys> load_or_make_keys(const std::string& path);
[[nodiscard]] Result<ReferenceKeys> rotate_keys(const std::string& path);

}  // namespace penstock::feedback
