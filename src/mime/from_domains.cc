// SPDX-License-Identifier: Apache-2.0
#include "mime/from_domains.h"

#include "base/ascii.h"
#include "mime/header.h"

namespace penstock::mime {
namespace {

void add_domains(std::string_view value, std::vector<std::string>& out) {
  bool quoted = false;
  int comments = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"' && comments == 0) {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++comments;
    } else if (!quoted && c == ')' && comments > 0) {
      --comments;
    } else if (!quoted && comments == 0 && c == '@') {
      const std::string_view rest = value.substr(i + 1);
      out.push_back(ascii::lower(rest.substr(0, rest.find_first_of("@>,;: \t\r\n("))));
    }
  }
}

}  // namespace

std::vector<std::string> from_domains(std::string_view message) {
  std::vector<std::string> domains;
  HeaderScanner scan(message);
  for (HeaderField field; scan.next(field);) {
    if (ascii::equal_ignoring_case(field.name, "From")) add_domains(field.value, domains);
  }
  return domains;
}

}  // namespace penstock::mime
