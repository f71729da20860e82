// SPDX-License-Identifier: Apache-2.0
// Where a domain wants reports about TLS (TLS-RPT, RFC 8460 §3): the TXT record at _smtp._tls.DOMAIN.
//
// Use:  for (const ReportAddress& to : parse_report_record(txts)) …       // none: the domain wants no reports
// Pure.   Limits: kAddressesMax addresses; what is neither mailto: nor https: is passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::tlspolicy {

struct ReportAddress {
  enum class Way : std::uint8_t { Mail, Https };
  Way way = Way::Mail;
  std::string to;  // Mail: local@domain, percent-encoding undone. Https: the whole URL
  friend bool operator==(const ReportAddress&, const ReportAddress&) = default;
};
inline constexpr std::size_t kAddressesMax = 8;

// Empty when there is no record, several, or a malformed one.
[[nodiscard]] std::vector<ReportAddress> parse_report_record(std::span<const std::string> txts);

// The parts of an https URL as an HTTP request needs them; nothing when it is none.
struct HttpsUrl {
  std::string host;
  std::uint16_t port = 443;
  std::string target;  // "/v1/report?x=1"
};
[[nodiscard]] std::optional<HttpsUrl> parse_https_url(std::string_view url);

}  // namespace penstock::tlspolicy
