// SPDX-License-Identifier: Apache-2.0
// TXT records at _dmarc names, and the domains they are looked for at.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dmarc/discovery.h"
#include "dmarc/domain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const std::string domain(text.substr(0, end));
  const std::string record(end == std::string_view::npos ? std::string_view() : text.substr(end + 1));
  const auto names = dmarc::record_names(domain);
  PENSTOCK_CHECK(!names.empty() && names.size() <= 2);
  (void)dmarc::is_aligned(domain, "news.example.com", dmarc::Alignment::Relaxed);
  const auto found = dmarc::find_policy(domain, {{}, {record}});
  if (!found) PENSTOCK_CHECK(!found.error().empty());
  if (dmarc::is_dmarc_record(record)) {
    const auto parsed = dmarc::parse_record(record);
    PENSTOCK_CHECK(!parsed || parsed->percent <= 100);
  }
  return 0;
}
