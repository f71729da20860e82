// SPDX-License-Identifier: Apache-2.0
// Days and hours of a delivery window as an operator writes them: the first line and the rest.
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "queue/delivery_window.h"

using namespace penstock;
using namespace penstock::queue;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ZoneRules zone = load_zone("Europe/Berlin").value_or(ZoneRules());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto window = DeliveryWindow::make(text.substr(0, line), text.substr(line + 1), zone);
  if (!window) {
    PENSTOCK_CHECK(!window.error().detail.empty());
    return 0;
  }
  // Around the changes of clocks of 2026, 29 March and 25 October, and on an ordinary day.
  for (const std::int64_t start : {1'774'700'000, 1'792'880'000, 1'780'000'000}) {
    for (std::int64_t hour = 0; hour < 48; ++hour) {
      const Time now{std::chrono::seconds{start + hour * 3600 + 17}};
      const Time opens = window->opens(now);
      PENSTOCK_CHECK(opens >= now && opens < now + std::chrono::hours{24 * 16} && window->open(opens));
      const auto closes = window->closes(opens);
      PENSTOCK_CHECK(!closes || (*closes > opens && !window->open(*closes)));
    }
  }
  return 0;
}
