// SPDX-License-Identifier: Apache-2.0
// Reads api/openapi.yaml as far as the tests need it: by lines and indentation, two spaces a level, which is how the
// file is written.   Test only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace penstock::api {

struct OpenApi {
  std::set<std::string> routes;                          // "GET /v1/status"
  std::map<std::string, std::set<std::string>> members;  // schema → names of its properties
  std::map<std::string, std::string> words;              // schema → "a, b, c" of its one-line enum
};
[[nodiscard]] OpenApi read_openapi(const std::string& path);

}  // namespace penstock::api
