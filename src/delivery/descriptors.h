// SPDX-License-Identifier: Apache-2.0
// Descriptors of a new message's recipients.   Pure but for the tables it interns into; any thread.
#pragma once

#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/name_table.h"
#include "queue/label_set.h"
#include "queue/queued_recipient.h"

namespace penstock::delivery {

// Appends one for each recipient of the envelope: due at its first_attempt time, nothing attempted, not held.
void append_descriptors(const model::Envelope& envelope, const Clock& clock, model::NameTable& names,
                        queue::LabelSetTable& labels, std::vector<queue::QueuedRecipient>& out);

}  // namespace penstock::delivery
