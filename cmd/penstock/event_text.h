// SPDX-License-Identifier: Apache-2.0
// One event of the event log (docs/events.md) as a line for people.   Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace penstock::cli {

// "2026-11-24 07:00:01.500  deferred   01K8Q2R5VX3ZP.0  ann@slow.example  v1 to mx1.slow.example: 451 4.7.1 later
// (rcpt, rate-limit, attempt 1)"; without a line end.
[[nodiscard]] std::string format_event(const boost::json::object& event);

}  // namespace penstock::cli
