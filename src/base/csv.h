// SPDX-License-Identifier: Apache-2.0
// Fields of CSV (RFC 4180) that hold what strangers wrote, and that spreadsheets show as text.
//
// A spreadsheet takes a field that begins with = + - @, a tab or a line end for a formula and runs it. Such a field
// gets an apostrophe before it, inside quotes; a number keeps its sign. Reading takes the apostrophe off again, so that
// csv_value(field read) is the value written, whatever it was.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

// Appends the field: as it is, in quotes where its characters ask for them, or guarded as above.
void append_csv_field(std::string_view value, std::string& out);
// The value of a field from which the quotes have been taken.
[[nodiscard]] std::string_view csv_value(std::string_view field);

}  // namespace penstock
