// SPDX-License-Identifier: Apache-2.0
// What a receiver offers in its answer to EHLO or LHLO (RFC 5321 §4.1.1.1), as facts for the client session.
//
// Unknown keywords are kept as text and ignored. After HELO nothing is offered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/reply.h"

namespace penstock::smtp {

struct Extensions {
  bool esmtp = false;  // EHLO or LHLO was answered with 2xx
  bool size = false;
  std::uint64_t size_max_bytes = 0;  // 0: no limit announced (RFC 1870 §4)
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool binary_mime = false;
  bool chunking = false;
  bool smtputf8 = false;
  bool dsn = false;
  bool enhanced_status_codes = false;
  bool starttls = false;
  bool require_tls = false;
  std::string auth;                   // mechanisms, separated by spaces; "" when AUTH is not offered
  std::vector<std::string> keywords;  // every line but the first, as the receiver wrote it: "SIZE 52428800"

  // As accounting files want it: "PIPELINING,SIZE 52428800,8BITMIME".
  [[nodiscard]] std::string to_string() const;
};

// `reply` is a positive answer to EHLO or LHLO. Keywords compare without case. At most 64 lines are looked at. An
// unreadable SIZE counts as SIZE without a limit.
[[nodiscard]] Extensions parse_extensions(const model::Reply& reply);

}  // namespace penstock::smtp
