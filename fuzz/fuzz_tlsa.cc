// SPDX-License-Identifier: Apache-2.0
// TLSA records of a host, and what they come to. The first byte says how DNS answered, each record has a byte of
// length.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tlspolicy/tlsa.h"

using namespace penstock;
using namespace penstock::tlspolicy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const TlsaAnswer answer{static_cast<TlsaSecurity>(data[0] % 4U), (data[0] & 4U) != 0};
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Tlsa> records;
  while (!rest.empty()) {
    const auto length = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    const std::string_view wire = rest.substr(0, length);
    rest.remove_prefix(wire.size());
    if (auto record = parse_tlsa(wire)) {
      PENSTOCK_CHECK(record->bytes == wire.substr(3) && !record->bytes.empty());
      PENSTOCK_CHECK(!record->usable() || record->usage == 2 || record->usage == 3);
      records.push_back(std::move(*record));
    } else {
      PENSTOCK_CHECK(wire.size() < 4);
    }
  }
  const DaneDecision decision = decide_dane(answer, records);
  // What is proven forbids mail in clear, and nothing that is not proven asks for anything but waiting.
  const bool proven = answer.address_secure && answer.security == TlsaSecurity::Secure;
  const bool asks = decision.action == DaneAction::Require || decision.action == DaneAction::Encrypt;
  PENSTOCK_CHECK(asks == (proven && !records.empty()));
  PENSTOCK_CHECK((decision.action == DaneAction::Require) == !decision.usable.empty());
  PENSTOCK_CHECK(decision.usable.size() <= DaneDecision::kUsableMax);
  for (const Tlsa& record : decision.usable) {
    PENSTOCK_CHECK(record.usable() && std::find(records.begin(), records.end(), record) != records.end());
  }
  return 0;
}
