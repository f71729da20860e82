// SPDX-License-Identifier: Apache-2.0
// A compiled time zone file. It comes from the system, not from strangers; a damaged one must still only be refused.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "queue/zone_rules.h"

using namespace penstock::queue;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto rules = ZoneRules::parse({reinterpret_cast<const char*>(data), size});
  if (!rules) {
    PENSTOCK_CHECK(!rules.error().detail.empty());
    return 0;
  }
  constexpr std::int64_t kFar = 9'000'000'000'000;  // as far as penstock::Time reaches
  for (const std::int64_t at :
       {-kFar, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1'800'000'000}, std::int64_t{4'294'967'295}, kFar}) {
    PENSTOCK_CHECK(std::abs(rules->offset_at(at)) <= 26 * 3600);
    const std::int64_t first = rules->to_utc(at, ZoneRules::Twice::First);
    const std::int64_t last = rules->to_utc(at, ZoneRules::Twice::Last);
    PENSTOCK_CHECK(first <= last && std::abs(first - at) <= 26 * 3600);
  }
  return 0;
}
