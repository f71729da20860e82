// SPDX-License-Identifier: Apache-2.0
// Report: one domain's aggregate of one day as the JSON of RFC 8460 §4, and the mail that carries it (§5.3).
//
// Use:  std::string json = to_json(report);   auto packed = gzip(json);   auto mail = to_mail(report, packed, …);
// Pure: dates come in as days.   Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tlsrpt/session.h"

namespace penstock::tlsrpt {

struct FailureCount {
  Failure failure;
  std::uint64_t sessions = 0;
};
struct PolicyResult {
  Policy policy;
  std::uint64_t successful = 0;
  std::vector<FailureCount> failures;
};
struct Report {
  std::string domain;
  std::int64_t day = 0;      // since 1970, UTC
  std::string organization;  // ours
  std::string contact;       // an address of ours
  std::string id;            // "2026-11-25T00:00:00Z_example.com@mta1.example.net"
  std::vector<PolicyResult> policies;
};

[[nodiscard]] std::string to_json(const Report& report);
// "mta1.example.net!example.com!1764028800!1764115199!001.json.gz" (§5.1)
[[nodiscard]] std::string file_name(const Report& report, std::string_view submitter);

struct ReportMail {
  std::string from;  // address; also the contact
  std::string to;
  std::string submitter;  // the sending domain
  Time date;              // wall time
};
// Header and body with CRLF, below 998 bytes a line. `packed` is the gzip of the JSON.
[[nodiscard]] std::string to_mail(const Report& report, std::string_view packed, const ReportMail& mail);

// "2026-11-25", and its first and last second.
[[nodiscard]] std::string day_text(std::int64_t day);
[[nodiscard]] std::int64_t day_of(Time wall);

}  // namespace penstock::tlsrpt
