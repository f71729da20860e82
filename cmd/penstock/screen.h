// SPDX-License-Identifier: Apache-2.0
// What status, paths and top show, as text.   Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace penstock::cli {

// Of /v1/status.
[[nodiscard]] std::string format_status(const boost::json::object& status);
// Of /v1/paths.
[[nodiscard]] std::string format_paths(const boost::json::object& answer);
// Of /v1/paths/explain.
[[nodiscard]] std::string format_explanation(const boost::json::object& answer);

}  // namespace penstock::cli
