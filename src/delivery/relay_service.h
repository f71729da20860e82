// SPDX-License-Identifier: Apache-2.0
// RelayService: what a relay route to a managed service has beyond hosts: an account, TLS of its own, header fields,
// limits. docs/submission.md describes it to the operator.
//
// Made at start and reload (reads the password's file), then constant and shared.   Threads: const, any.
// Errors: Errc::BadPassword; the detail names file and what to do, never its contents.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "delivery/tls_plan.h"
#include "shaping/limits.h"

namespace penstock::delivery {

struct RelayService {
  std::string user, password;                                // empty: nobody signs in
  std::optional<TlsLevel> tls;                               // goes before what stream and domain say
  std::vector<std::pair<std::string, std::string>> headers;  // values with {placeholders}
  shaping::Limits limits;
  [[nodiscard]] bool signs_in() const { return !user.empty(); }
  // Tells services with other header fields apart: whose mail must not share connections. "" without any.
  [[nodiscard]] std::string header_key() const;
};
using RelayServicePtr = std::shared_ptr<const RelayService>;

// Null for a route that has nothing of it.
[[nodiscard]] Result<RelayServicePtr> make_relay_service(const config::Route& from, const shaping::Limits& limits,
                                                         std::optional<TlsLevel> tls);

// What placeholders stand for; see config's check.
struct MessageLabels {
  std::string_view stream, tenant, campaign, vmta, id;
};
// The message with these fields at its top, and without others of the same names.
[[nodiscard]] std::string with_headers(std::string_view message, const RelayService& service,
                                       const MessageLabels& labels);

}  // namespace penstock::delivery
