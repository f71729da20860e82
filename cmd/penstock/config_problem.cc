// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/config_problem.h"

#include <fmt/format.h>

#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {

std::string format_problem(const boost::json::object& problem) {
  std::string text = text_of(problem, "file");
  for (const char* key : {"line", "column"}) {
    if (const auto number = count_of(problem, key); number > 0) text += fmt::format(":{}", number);
  }
  text += (text.empty() ? "" : ": ") + text_of(problem, "message");
  if (const std::string suggestion = text_of(problem, "suggestion"); !suggestion.empty()) text += "; " + suggestion;
  if (text_of(problem, "severity") == "warning") text += " (warning)";
  return printable(text) + "\n";
}

}  // namespace penstock::cli
