// SPDX-License-Identifier: Apache-2.0
// The columns of accounting files: how each is made from an event. docs/accounting.md describes them.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventlog/event_line.h"
#include "model/outcome.h"

namespace penstock::eventlog {

// PowerMTA's letter for an event: "d" delivered; "b" bounced, expired, suppressed; "t" deferred; "r" accepted; ours:
// "x" refused at the door. Empty: not a matter of accounting.
[[nodiscard]] std::string_view record_type(const EventLine& event);

// PowerMTA's category for a class by its name in events ("invalid-mailbox" → "bad-mailbox"); "other" for unknown ones.
[[nodiscard]] std::string_view bounce_category(std::string_view outcome_class);

struct Column {
  std::string_view name;
  // Appends the value, unquoted.
  void (*append)(const EventLine& event, std::string& out);
};
// Nothing when no column is called so.
[[nodiscard]] const Column* find_column(std::string_view name);
[[nodiscard]] const std::vector<Column>& all_columns();

// One record with its CRLF. `scratch` is kept only to spare allocations.
void append_record(const std::vector<const Column*>& columns, const EventLine& event, std::string& out,
                   std::string& scratch);
[[nodiscard]] std::string header_record(const std::vector<const Column*>& columns);

}  // namespace penstock::eventlog
