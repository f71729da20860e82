// SPDX-License-Identifier: Apache-2.0
// ZoneRules: the offset from UTC that an IANA time zone has at a moment, now and in the years to come.
//
// Read from a compiled time zone file (TZif, RFC 8536): the transitions it lists, and the rule in its footer for the
// time after them. parse() is pure; load_zone() reads the system's file. Leap seconds are not counted (POSIX time).
// Threads: const, any.   Errors: Errc::BadZone (damaged or unknown format), Errc::UnknownZone (no such file).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace penstock::queue {

class ZoneRules {
 public:
  // UTC.
  ZoneRules() = default;
  [[nodiscard]] static Result<ZoneRules> parse(std::string_view tzif);

  // Seconds east of UTC at that moment (seconds since the epoch).
  [[nodiscard]] std::int32_t offset_at(std::int64_t utc) const;
  // The moment at which clocks there show `local` (seconds since 1970-01-01 00:00 as shown). When they show it twice,
  // the first or the last moment as asked; when they skip it, the moment as far after the jump as it is into the gap.
  enum class Twice : std::uint8_t { First, Last };
  [[nodiscard]] std::int64_t to_utc(std::int64_t local, Twice twice) const;

 private:
  // "M3.5.0/2", "J60", "59": a day of the year and a local time in seconds.
  struct RuleDay {
    enum class Kind : std::uint8_t { Month, Julian, DayOfYear };
    Kind kind = Kind::Month;
    int month = 1, week = 1, weekday = 0, day = 0;
    std::int32_t seconds = 7200;
  };
  // The footer: "CET-1CEST,M3.5.0,M10.5.0/3".
  struct Footer {
    std::int32_t standard = 0;  // seconds east
    std::int32_t daylight = 0;
    bool has_daylight = false;
    RuleDay starts, ends;
  };
  class FooterReader;
  [[nodiscard]] static Result<std::optional<Footer>> parse_footer(std::string_view text);
  struct Transition {
    std::int64_t at;  // from this moment on
    std::int32_t offset;
  };
  [[nodiscard]] static std::int64_t day_start(const RuleDay& rule, std::int64_t year);
  [[nodiscard]] static std::int32_t footer_offset(const Footer& footer, std::int64_t utc);

  std::int32_t first_offset_ = 0;  // before the first transition
  std::vector<Transition> transitions_;
  std::optional<Footer> footer_;
};

// Reads the zone's file below `folder`; blocking, for configuration time. "UTC" needs no file. Names are letters,
// digits, '_', '+', '-' and '/', without leading '/' or "..".
[[nodiscard]] Result<ZoneRules> load_zone(std::string_view name, std::string_view folder = "/usr/share/zoneinfo");

}  // namespace penstock::queue
