// SPDX-License-Identifier: Apache-2.0
// Addresses in header fields: whose domains are told, of a field and of a message. Every domain that is told stands in
// the field, and a From that names one has it told.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "mime/from_domains.h"
#include "mime/mailbox.h"

using namespace penstock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view rest = text;
  std::size_t left = rest.size();
  for (std::string_view domain; !(domain = mime::take_mailbox_domain(rest)).empty();) {
    PENSTOCK_CHECK(rest.size() < left);
    left = rest.size();
    PENSTOCK_CHECK(domain.data() > text.data() && domain.data()[-1] == '@');
    PENSTOCK_CHECK(domain.find_first_of(">,;: \t\r\n(@") == std::string_view::npos);
  }
  const auto told = mime::from_domains(text);
  PENSTOCK_CHECK(told.size() <= static_cast<std::size_t>(std::count(text.begin(), text.end(), '@')));
  for (const std::string& domain : told) PENSTOCK_CHECK(domain == ascii::lower(domain));
  // Whatever else the message says, a plain field above it is heard, and hides nothing.
  const auto more = mime::from_domains("From: a@Shop.Example\r\n" + std::string(text));
  PENSTOCK_CHECK(!more.empty() && more.front().starts_with("shop.example"));
  return 0;
}
