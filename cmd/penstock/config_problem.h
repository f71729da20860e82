// SPDX-License-Identifier: Apache-2.0
// A mistake in a configuration as a line for people and editors: file:line:column: message; suggestion.   Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace penstock::cli {

// Of a ConfigProblem of the API; with its line end.
[[nodiscard]] std::string format_problem(const boost::json::object& problem);

}  // namespace penstock::cli
