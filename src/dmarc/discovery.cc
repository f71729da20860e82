// SPDX-License-Identifier: Apache-2.0
#include "dmarc/discovery.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "dmarc/domain.h"

namespace penstock::dmarc {
namespace {

using Wrong = tl::unexpected<std::string>;

}  // namespace

std::vector<std::string> record_names(std::string_view domain) {
  std::vector<std::string> names{"_dmarc." + ascii::lower(domain)};
  std::string above = "_dmarc." + organizational_domain(domain);
  if (above != names.front()) names.push_back(std::move(above));
  return names;
}

Parsed<Found> find_policy(std::string_view domain, const std::vector<std::vector<std::string>>& texts) {
  const std::vector<std::string> names = record_names(domain);
  for (std::size_t i = 0; i < names.size() && i < texts.size(); ++i) {
    const std::string* text = nullptr;
    for (const std::string& each : texts[i]) {
      if (!is_dmarc_record(each)) continue;
      if (text != nullptr) return Wrong(fmt::format("{} has more than one DMARC record, so none counts", names[i]));
      text = &each;
    }
    if (text == nullptr) continue;
    auto record = parse_record(*text);
    if (!record) return Wrong(fmt::format("the DMARC record at {} cannot be read: {}", names[i], record.error()));
    const Policy applies = i > 0 ? record->subdomains.value_or(record->policy) : record->policy;
    return Found{std::move(*record), names[i], applies};
  }
  return Wrong(fmt::format("there is no DMARC record at {}", fmt::join(names, " or ")));
}

}  // namespace penstock::dmarc
