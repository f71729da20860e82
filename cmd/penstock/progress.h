// SPDX-License-Identifier: Apache-2.0
// Follows a job of the daemon, with a bar on standard error when that is a terminal.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "cmd/penstock/failure.h"

namespace penstock::cli {

class Cli;

enum class Follow : std::uint8_t {
  Queues,  // until every queue has been seen; recipients in delivery may follow
  End
};
// `job` as the API gave it; returns it as it was then. Interrupting the program does not stop the job.
Got<boost::json::object> follow_job(Cli& cli, boost::json::object job, Follow until);
// "[#########           ]  45%  18,000 of 40,000 looked at, 2,500 match"
[[nodiscard]] std::string progress_line(const boost::json::object& job);

}  // namespace penstock::cli
