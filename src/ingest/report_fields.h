// SPDX-License-Identifier: Apache-2.0
// Header fields for reports: CFBL-Address (RFC 9477), which a stream adds at admission, and which fields of the message
// give way: to it, and to the reference that delivery puts before the message (delivery/referring.h).
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "ingest/plan.h"
#include "model/envelope.h"

namespace penstock::ingest {

struct ReportFields {
  std::string added;    // header fields, each ended with CRLF
  bool refers = false;  // delivery adds a reference
  // Whether a field of this name (lower case) in the message gives way to one of ours.
  [[nodiscard]] bool replaces(std::string_view name) const;
  // Whether it replaces any.
  [[nodiscard]] bool any() const { return refers || !added.empty(); }
};

// The envelope has its stream.
[[nodiscard]] ReportFields report_fields(const Plan& plan, const model::Envelope& envelope);

}  // namespace penstock::ingest
