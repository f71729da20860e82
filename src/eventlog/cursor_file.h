// SPDX-License-Identifier: Apache-2.0
// The file of one named cursor: DIR/NAME, four lines: a magic word, the offset, the note, a checksum of the rest.
// Written whole or not at all.   Errors: BadOption (name or note), Damaged, or the system's.   Threads: one per name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "eventlog/event_log.h"

namespace penstock::eventlog {

// No value: nothing is stored under this name.
[[nodiscard]] Result<std::optional<StoredCursor>> load_cursor_file(const std::string& dir, std::string_view name);
Result<> store_cursor_file(const std::string& dir, std::string_view name, const StoredCursor& cursor);

}  // namespace penstock::eventlog
