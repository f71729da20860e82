// SPDX-License-Identifier: Apache-2.0
// Finding: what one check says of one thing. Report: all of them, in groups as people think of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::preflight {

enum class Level : std::uint8_t {
  Pass,
  Warn,  // mail goes out, but some of it may be refused, or will be one day
  Fail,  // large receivers refuse or junk such mail
  Skip   // not checked; `what` says why
};
[[nodiscard]] std::string_view to_string(Level level);  // "warn"

enum class Check : std::uint8_t {
  Clock,
  Source,
  Ptr,
  Ehlo,
  Reach,
  Blocklist,
  Spf,
  SpfLookups,
  Dkim,
  Dmarc,
  Alignment,
  Mx,
  Postmaster,
  Soa,
  Tls,
  Dnssec,
  Bulk,
  Message,
  Relay
};
inline constexpr std::size_t kCheckCount = 19;
[[nodiscard]] std::string_view to_string(Check check);  // "spf-lookups"
// Why it matters: a sentence or two.
[[nodiscard]] std::string_view why(Check check);

struct Finding {
  Level level = Level::Pass;
  Check check = Check::Clock;
  std::string what;    // one sentence, without a full stop
  std::string mend{};  // what to do; empty when nothing is to be done. A line of its own is a DNS record or a command
};
using Findings = std::vector<Finding>;

struct Group {
  std::string kind;    // "machine", "vmta", "domain", "envelope-domain", "listener", "stream", "message", "relay"
  std::string name;    // "v1", "example.com"
  std::string detail;  // "192.0.2.10, mta1.example.com"; may be empty
  Findings findings{};
};

struct Report {
  std::vector<Group> groups;
  [[nodiscard]] std::size_t count(Level level) const;
  [[nodiscard]] bool good() const { return count(Level::Fail) == 0; }
};

}  // namespace penstock::preflight
