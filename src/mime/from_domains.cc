// SPDX-License-Identifier: Apache-2.0
#include "mime/from_domains.h"

#include "base/ascii.h"
#include "mime/header.h"
#include "mime/mailbox.h"

namespace penstock::mime {

std::vector<std::string> from_domains(std::string_view message) {
  std::vector<std::string> domains;
  HeaderScanner scan(message);
  for (HeaderField field; scan.next(field);) {
    if (!ascii::equal_ignoring_case(field.name, "From")) continue;
    std::string_view rest = field.value;
    while (const auto domain = take_behind_at(rest)) domains.push_back(ascii::lower(*domain));
  }
  return domains;
}

}  // namespace penstock::mime
