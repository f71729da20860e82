// SPDX-License-Identifier: Apache-2.0
// The "Name: value" fields of a delivery status (RFC 3464 §2) or a feedback report (RFC 5965 §3), wherever they stand:
// in a part of their own or in the middle of a text.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/reading.h"

namespace penstock::report {

struct StatusField {
  std::string name;   // lower case
  std::string value;  // unfolded
};
// One group is what stands between empty lines. Lines that are no fields end a group and are left out.
using StatusGroup = std::vector<StatusField>;
[[nodiscard]] std::vector<StatusGroup> read_groups(std::string_view text);

// "rfc822; user@example.com", "<user@example.com>", "rfc822;Name <user@example.com>": the address alone; "" for what
// cannot be one (a null address, a file or a program). A source route is taken off.
[[nodiscard]] std::string address_of(std::string_view value);

// Adds what the groups say to the report: recipients of a delivery status, reporting host, arrival date.
void add_status_groups(const std::vector<StatusGroup>& groups, Report& report);
// The same for a feedback report: type, source address, recipients.
void add_feedback_groups(const std::vector<StatusGroup>& groups, Report& report);

}  // namespace penstock::report
