// SPDX-License-Identifier: Apache-2.0
// blocklist_name: which list a reply speaks of.
//
// The zone after "blocked using" and its kin ("zen.spamhaus.org"), else a known list named anywhere in the words
// ("Spamhaus SBL" gives "spamhaus sbl"). Pure. No allocation: the view is of `text` or of constants.
#pragma once

#include <string_view>

namespace penstock::classify {

// `text` is in lower case and on one line, as Said has it. "" when no list is named.
[[nodiscard]] std::string_view blocklist_name(std::string_view text);

}  // namespace penstock::classify
