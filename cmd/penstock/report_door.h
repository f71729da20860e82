// SPDX-License-Identifier: Apache-2.0
// Where a running daemon takes reports: the first listener with report_domains, out of what GET /v1/config tells. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>

namespace penstock::cli {

struct ReportDoor {
  std::string smtp;  // "127.0.0.1:25": where to connect from this machine
  std::string to;    // an address of its first report domain
};

// Nothing when no listener has report_domains. `settings` are rows with "key" and "value", the latter as in the file.
[[nodiscard]] std::optional<ReportDoor> find_report_door(const boost::json::array& settings);

}  // namespace penstock::cli
