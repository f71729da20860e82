// SPDX-License-Identifier: Apache-2.0
// Cli: what a command works with: its arguments, the daemon, and where output goes.
//
// Errors: of the daemon and of the way there come back as Failures with a remedy.   Threads: main's.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/penstock/arguments.h"
#include "http/client.h"
#include "http/message.h"

namespace penstock::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

class Cli {
 public:
  explicit Cli(Arguments given) : arguments(std::move(given)) {}

  // GET; parameters with empty values are left out.
  Got<boost::json::object> get(std::string_view path, const Query& query = {});
  Got<boost::json::object> post(std::string_view path, const boost::json::object& body);
  // The answer as it is.
  Got<std::string> get_text(std::string_view path);

  [[nodiscard]] bool json() const { return arguments.has("--json"); }
  // Text to standard output.
  static void print(std::string_view text);
  // One JSON value on a line.
  static void print_json(const boost::json::object& object);
  // The criteria among the arguments, for a query and for a body.
  [[nodiscard]] Query criteria() const;
  [[nodiscard]] boost::json::object selection() const;

  const Arguments arguments;

 private:
  Got<http::Response> send(http::Request request);
  [[nodiscard]] Failure unreachable(const std::string& where, const Error& error) const;
};

}  // namespace penstock::cli
