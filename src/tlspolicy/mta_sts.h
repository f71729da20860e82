// SPDX-License-Identifier: Apache-2.0
// MTA-STS (RFC 8461): what a domain's TXT record at _mta-sts and its policy text say, and which MX hosts a policy
// allows. Fetching and keeping are the caller's.
//
// Use:  const auto id = parse_sts_record(txts);             // "" or none: no policy
//       const auto policy = parse_sts_policy(body);          // of https://mta-sts.DOMAIN/.well-known/mta-sts.txt
//       if (policy && !policy->allows("mx1.example.com")) …       // enforce: this host is not to be used
// Pure.   Errors: a policy that cannot be read is none at all (§3.2), with words that say why.
// Limits: kPolicyBytesMax bytes and kHostsMax mx lines.
// Looked up, fetched and kept by mtasts/; obeyed by delivery/host_tls.h (docs/tls.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/clock.h"

namespace penstock::tlspolicy {

// §3.1: the id of the one record that begins with "v=STSv1"; nothing when there is none, several, or a malformed one.
[[nodiscard]] std::optional<std::string> parse_sts_record(std::span<const std::string> txts);

enum class StsMode : std::uint8_t { None, Testing, Enforce };
[[nodiscard]] std::string_view to_string(StsMode mode);

struct StsPolicy {
  static constexpr std::size_t kPolicyBytesMax = 64 * 1024;  // §3.3 lets a client stop there
  static constexpr std::size_t kHostsMax = 256;

  StsMode mode = StsMode::None;
  Duration max_age{0};             // at most one year (§3.2)
  std::vector<std::string> hosts;  // small letters; "*.example.com" stands for one label

  // §4.1: the host's name is one of `hosts`; "*." is exactly one label.
  [[nodiscard]] bool allows(std::string_view host) const;
};

[[nodiscard]] tl::expected<StsPolicy, std::string> parse_sts_policy(std::string_view text);

}  // namespace penstock::tlspolicy
