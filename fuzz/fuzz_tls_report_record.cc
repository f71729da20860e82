// SPDX-License-Identifier: Apache-2.0
// TLS-RPT records and https URLs: what comes out can be put into a mail header or an HTTP request line.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "tlspolicy/report_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto harmless = [](const std::string& part) {
    return std::none_of(part.begin(), part.end(), [](char c) { return c <= ' ' || c > '~'; });
  };
  const auto all = tlspolicy::parse_report_record(std::vector<std::string>{text});
  PENSTOCK_CHECK(all.size() <= tlspolicy::kAddressesMax);
  for (const tlspolicy::ReportAddress& one : all) {
    PENSTOCK_CHECK(harmless(one.to) && !one.to.empty());
    if (one.way == tlspolicy::ReportAddress::Way::Https) PENSTOCK_CHECK(tlspolicy::parse_https_url(one.to).has_value());
  }
  if (const auto url = tlspolicy::parse_https_url(text)) {
    PENSTOCK_CHECK(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
    PENSTOCK_CHECK(harmless(url->host) && harmless(url->target));
  }
  return 0;
}
