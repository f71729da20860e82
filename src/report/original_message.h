// SPDX-License-Identifier: Apache-2.0
// The header fields of a returned message that say whose mail it was.   Pure; any thread.
#pragma once

#include "report/message_tree.h"
#include "report/reading.h"

namespace penstock::report {

// Adds what is not known yet; an embedded message is offered before a header quoted in a text.
void add_original(const HeaderFields& fields, OriginalMessage& original);

// The recipient as the returned message names it: fields that feedback loops add, then To. "" when there is none.
// `named_by_provider` tells the former.
[[nodiscard]] std::string recipient_of_original(const HeaderFields& fields, bool& named_by_provider);

}  // namespace penstock::report
