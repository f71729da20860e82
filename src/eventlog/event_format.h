// SPDX-License-Identifier: Apache-2.0
// Writes an event as its line of the log: a flat JSON object of event_fields.h, and '\n'. What is empty or zero is left
// out. docs/events.md describes the result.
//
// Pure. 0.26 µs for a delivered event (745 bytes); allocates only when the buffer must grow.
// Limits: texts above kTextMax bytes are cut and end in "…". What is not UTF-8 is made so.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/clock.h"
#include "eventlog/line_buffer.h"
#include "model/event.h"

namespace penstock::eventlog {

inline constexpr std::size_t kTextMax = 4096;

// Every line begins {"time":"2026-11-24T07:00:00.000000Z" — always the same length, so lines sort by their start.
inline constexpr std::string_view kLineStart = "{\"time\":\"";
inline constexpr std::size_t kTimeLength = 27;

// RFC 3339 in UTC with microseconds. Times before 1970 or after 9999 become the nearest that can be written.
char* format_time(char* out, Time time);

// `node` must be escaped already: escape_json().
void append_event(LineBuffer& out, const model::Event& event, std::string_view node);

}  // namespace penstock::eventlog
