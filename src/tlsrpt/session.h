// SPDX-License-Identifier: Apache-2.0
// Session: what one SMTP session came to under a domain's TLS policy, as TLS-RPT counts it (RFC 8460 §4).
// Values.   Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::tlsrpt {

enum class PolicyType : std::uint8_t { None, Tlsa, Sts };
[[nodiscard]] std::string_view to_string(PolicyType type);  // "no-policy-found", "tlsa", "sts"

// The policy of a recipient domain that a session was judged by.
struct Policy {
  PolicyType type = PolicyType::None;
  std::vector<std::string> strings;   // the policy's lines, or the TLSA records as text
  std::vector<std::string> mx_hosts;  // Sts: the patterns of its mx lines
  bool operator==(const Policy&) const = default;
};

// Why a session was no success; all empty for a success.
struct Failure {
  std::string_view result_type;  // of §4.3: "starttls-not-supported"; static storage
  std::string sending_ip;        // ours
  std::string receiving_host;    // the MX host
  std::string receiving_ip;
  std::string reason;  // in words
};

// The result type for what a handshake or its verification said, with static storage. `policy`: what it was judged by.
[[nodiscard]] std::string_view result_type_of(std::string_view words, PolicyType policy);

}  // namespace penstock::tlsrpt
