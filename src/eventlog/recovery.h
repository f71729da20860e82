// SPDX-License-Identifier: Apache-2.0
// What a start finds: reads the folder into the catalog and mends what a crash left.
//
// Removes files that were being written (*.new) and plain segments that are there compressed too; cuts a torn last
// line; takes segments left open as sealed; lets the log end behind every stored cursor, so that no reader ever sees an
// offset with two meanings. A file that cannot be read is left alone and reported; readers are told what they missed.
// Threads: one.   Errors: the system's.   See docs/formats/eventlog.md.
#pragma once

#include <string>

#include "base/result.h"
#include "eventlog/catalog.h"

namespace penstock::eventlog {

// Gives the offset at which the next segment begins.
[[nodiscard]] Result<Offset> recover(Catalog& catalog, const std::string& dir, const std::string& cursor_dir);

}  // namespace penstock::eventlog
