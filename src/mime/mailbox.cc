// SPDX-License-Identifier: Apache-2.0
#include "mime/mailbox.h"

namespace penstock::mime {

std::optional<std::string_view> take_behind_at(std::string_view& rest) {
  bool quoted = false;
  int comments = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"' && comments == 0) {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++comments;
    } else if (!quoted && c == ')' && comments > 0) {
      --comments;
    } else if (!quoted && comments == 0 && c == '@') {
      rest.remove_prefix(i + 1);
      const std::string_view domain = rest.substr(0, rest.find_first_of(">,;: \t\r\n(@"));
      rest.remove_prefix(domain.size());
      return domain;
    }
  }
  rest = {};
  return std::nullopt;
}

std::string_view take_mailbox_domain(std::string_view& rest) {
  while (const auto domain = take_behind_at(rest)) {
    if (!domain->empty()) return *domain;
  }
  return {};
}

}  // namespace penstock::mime
