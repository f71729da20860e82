// SPDX-License-Identifier: Apache-2.0
// MTA-STS records and policies, and TLSA records.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "tlspolicy/mta_sts.h"
#include "tlspolicy/tlsa.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> txts{text, "v=spf1 -all"};
  if (const auto id = tlspolicy::parse_sts_record(txts)) PENSTOCK_CHECK(!id->empty() && id->size() <= 32);
  if (const auto policy = tlspolicy::parse_sts_policy(text)) {
    PENSTOCK_CHECK(policy->mode == tlspolicy::StsMode::None || !policy->hosts.empty());
    PENSTOCK_CHECK(policy->max_age >= Duration::zero() && policy->max_age <= std::chrono::seconds(31'557'600));
    for (const std::string& host : policy->hosts) {
      const bool star = host.starts_with("*.");
      PENSTOCK_CHECK(policy->allows(star ? "x" + host.substr(1) : host));
    }
    PENSTOCK_CHECK(!policy->allows(""));
  }
  if (const auto record = tlspolicy::parse_tlsa(text)) {
    const auto decision = tlspolicy::decide_dane({tlspolicy::TlsaSecurity::Secure, true}, {&*record, 1});
    PENSTOCK_CHECK((decision.action == tlspolicy::DaneAction::Require) == record->usable());
  }
  return 0;
}
