// SPDX-License-Identifier: Apache-2.0
// The report of the receivers: Counts as JSON for programs, and the JSON as a table for people.
//
// docs/simulator.md describes the keys.   Pure but for save_json(); any thread.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "sim/tally.h"

namespace penstock::sim {

[[nodiscard]] boost::json::object to_json(const Counts& counts);
// Reads what to_json() wrote. Of the lists by name it shows the largest twenty.
[[nodiscard]] std::string report_table(const boost::json::object& report);

// Replaces the file in one step, so that a reader never sees half of it.
[[nodiscard]] Result<> save_json(const std::string& path, const boost::json::object& object);
[[nodiscard]] Result<boost::json::object> load_json(const std::string& path);

}  // namespace penstock::sim
