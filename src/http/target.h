// SPDX-License-Identifier: Apache-2.0
// Target: the path and the query of a request (RFC 3986, RFC 9112 §3.2.1), taken apart and decoded.
//
// Use:  auto target = parse_target("/v1/trace?address=a%40b.example");  if (!target) … 400
//       target->path == "/v1/trace";   target->query[0] == {"address", "a@b.example"}
// Pure. Limits: the caller has bounded the text. '+' in a query is a space, as forms send it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::http {

struct Target {
  std::vector<std::string> segments;                       // of the path, decoded: {"v1", "messages", "01K8Q2R5VX3ZP"}
  std::string path;                                        // as sent, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order sent
};

// Nothing when it does not begin with '/', or a percent sign is not followed by two hex digits.
[[nodiscard]] std::optional<Target> parse_target(std::string_view text);
// Percent-encodes all but letters, digits and "-._~".
[[nodiscard]] std::string encode(std::string_view text);

}  // namespace penstock::http
