// SPDX-License-Identifier: Apache-2.0
// DeliveryWindow: the days and hours at which a stream's mail may be delivered, in a time zone.
//
// Use:  const Time at = window.opens(now);  if (at > now) calendar.push(later(at));
//
// Hours may run over midnight ("22:00-06:00"); then the day is the one on which the window opens. At a change of the
// clocks a window opens at the first and closes at the last moment at which clocks show its hour; an hour that they
// skip counts as the one after (ZoneRules::to_utc), and a span of which nothing is left that day is left out. If none
// comes for eight weeks, which only an odd zone file can do, mail is not stopped: the window counts as open.
// Pure.   Threads: const, any.   Errors: Errc::BadWindow with a sentence on what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "queue/zone_rules.h"

namespace penstock::queue {

// "08:00-22:00" as seconds after midnight. `until` is above `from`; beyond 86400: on the next day. Equal hours are
// refused.
struct Hours {
  std::int32_t from = 0, until = 86400;
};
[[nodiscard]] Result<Hours> parse_hours(std::string_view text);

class DeliveryWindow {
 public:
  // Always open.
  DeliveryWindow() = default;
  // days: "mon-sun", "mon-fri", "sat,sun", "fri-mon,wed"; hours: "08:00-22:00", "00:00-24:00". Equal hours are refused.
  [[nodiscard]] static Result<DeliveryWindow> make(std::string_view days, std::string_view hours, ZoneRules zone);

  // `now` if the window is open, else when it opens next.
  [[nodiscard]] Time opens(Time now) const;
  [[nodiscard]] bool open(Time now) const { return opens(now) == now; }
  // When the window that is open now closes; nothing if it is closed or always open.
  [[nodiscard]] std::optional<Time> closes(Time now) const;

 private:
  struct Span {
    Time from, until;
  };
  // The open span that holds `now` or follows it first.
  [[nodiscard]] Span next_span(Time now) const;

  bool always_ = true;
  std::uint8_t days_ = 0;   // bit 0: Monday
  std::int32_t from_ = 0;   // seconds after local midnight
  std::int32_t until_ = 0;  // above from_; beyond 86400: on the next day
  ZoneRules zone_;
};

}  // namespace penstock::queue
