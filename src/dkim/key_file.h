// SPDX-License-Identifier: Apache-2.0
// Key records from a file instead of DNS: for tests, for old mail, for machines without a network.
//
// One record a line: name, blanks, value. The value is the record's text, or quoted strings as in a master file; a
// time to live, IN and TXT before it are skipped. "NXDOMAIN" says that there is none, "~~words~~" that DNS could not
// tell. '#' or ';' starts a line that is ignored. A name on several lines has several records; one that is on none has
// no record.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dkim/verdict.h"
#include "dkim/verification.h"

namespace penstock::dkim {

// The answers for `names`. The failure names the line that cannot be read.
[[nodiscard]] Readable<KeyAnswers> answers_from_file(std::string_view text, const std::vector<std::string>& names);

}  // namespace penstock::dkim
