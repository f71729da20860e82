// SPDX-License-Identifier: Apache-2.0
// Marking mail so that reports about it come home and can be matched: the stream's return_path with a signed reference,
// X-Penstock-Ref, CFBL-Address (RFC 9477).
//
// A message with one recipient gets a reference to that recipient. One with several has one body and one envelope
// sender for all, so its reference names the message; which recipient a report is about is then looked up among those
// of the message. Mail with the null sender keeps it: notices must not cause notices.
// Pure; any thread. Cost: some 4 µs when the stream wants a reference, else nothing.
#pragma once

#include <string>
#include <string_view>

#include "ingest/plan.h"
#include "model/envelope.h"

namespace penstock::ingest {

struct ReferenceMark {
  std::string added;  // header fields, each ended with CRLF
  // Whether a field of this name (lower case) in the message gives way to one of ours.
  [[nodiscard]] bool replaces(std::string_view name) const;
};

// Also sets the envelope's sender. The envelope has its id, stream and recipients.
[[nodiscard]] ReferenceMark mark_with_reference(const Plan& plan, model::Envelope& envelope);

}  // namespace penstock::ingest
