// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "preflight/checks.h"

namespace penstock::preflight {

Findings check_bulk(const config::Stream& stream) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Bulk, std::move(what), std::move(mend)});
  };
  if (stream.bulk_rules == config::BulkRules::Off) {
    add(Level::Warn,
        fmt::format("stream {} carries marketing mail, and none of it is checked at the door", stream.name),
        "bulk_rules = \"warn\" marks what is missing, \"refuse\" says it to whoever submits");
  }
  if (stream.unsubscribe.add == config::UnsubscribeAdd::Off) {
    add(Level::Warn,
        fmt::format("stream {} adds no links to unsubscribe: each message must bring List-Unsubscribe and "
                    "List-Unsubscribe-Post itself",
                    stream.name),
        "see that whoever submits adds both, or set unsubscribe = { add = \"missing\", url = \"https://…\" }");
  }
  if (stream.dkim.empty()) {
    add(Level::Fail,
        fmt::format("stream {} signs nothing; large receivers want a signature of the From domain", stream.name),
        "dkim = \"from\" and a [[dkim]] key of the domain");
  }
  if (stream.feedback_id.empty()) {
    add(Level::Warn, fmt::format("stream {} adds no Feedback-ID, by which Gmail tells complaints apart", stream.name),
        "feedback_id = \"a name of yours\"");
  }
  if (found.empty()) {
    add(Level::Pass, fmt::format("stream {} checks its mail and offers to unsubscribe", stream.name));
  }
  return found;
}

}  // namespace penstock::preflight
