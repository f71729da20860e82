// SPDX-License-Identifier: Apache-2.0
#include "src/api/test/openapi_reader.h"

#include <fstream>
#include <string_view>

#include "base/ascii.h"

namespace penstock::api {
namespace {

// "  /v1/status:" has depth 1 and key "/v1/status".
struct Line {
  std::size_t depth = 0;
  std::string key;
  std::string rest;
};

Line split(const std::string& text) {
  Line line;
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string::npos || text[start] == '#' || text[start] == '-') return line;
  const std::size_t colon = text.find(':', start);
  if (colon == std::string::npos) return line;
  line.depth = start / 2;
  line.key = text.substr(start, colon - start);
  line.rest = text.substr(colon + 1);
  return line;
}

}  // namespace

OpenApi read_openapi(const std::string& path) {
  OpenApi api;
  std::ifstream file(path);
  std::vector<std::string> stack(8);
  for (std::string text; std::getline(file, text);) {
    const Line line = split(text);
    if (line.key.empty() || line.depth >= stack.size()) continue;
    stack[line.depth] = line.key;
    if (stack[0] == "paths" && line.depth == 2) {
      std::string method = line.key;
      for (char& c : method) c = ascii::to_upper(c);
      api.routes.insert(method + " " + stack[1]);
    }
    if (stack[0] != "components" || stack[1] != "schemas") continue;
    if (line.depth == 2) api.members[line.key];
    if (line.depth == 4 && stack[3] == "properties") api.members[stack[2]].insert(line.key);
    const std::size_t open = line.rest.find("enum: [");
    if (line.depth == 2 && open != std::string::npos) {
      const std::size_t from = open + 7;
      api.words[line.key] = line.rest.substr(from, line.rest.find(']') - from);
    }
  }
  return api;
}

}  // namespace penstock::api
