// SPDX-License-Identifier: Apache-2.0
// The report of `penstock preflight` as people and programs read it.   Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/clock.h"
#include "preflight/finding.h"
#include "preflight/run.h"

namespace penstock::cli {

struct PreflightStyle {
  std::size_t columns = 100;  // lines are wrapped at blanks to fit
  bool colours = false;
  bool problems_only = false;  // what passed and what was skipped is only counted
};

[[nodiscard]] std::string preflight_text(const preflight::Report& report, const PreflightStyle& style);
// "18 passed, 1 warning, 2 failed, 1 skipped, in 0.8 s. Not ready: mend what failed before sending."
[[nodiscard]] std::string preflight_summary(const preflight::Report& report, Duration took);
[[nodiscard]] boost::json::object preflight_json(const preflight::Report& report, Duration took);
// "[######        ]  12 of 40  ptr of 192.0.2.10"
[[nodiscard]] std::string preflight_progress(const preflight::Progress& progress);

}  // namespace penstock::cli
