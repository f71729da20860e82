// SPDX-License-Identifier: Apache-2.0
// What a certificate file says of itself: for whom it is and until when. Nothing is verified.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace penstock::net {

struct Certificate {
  std::vector<std::string> names;  // of subjectAltName: "mx.example.com", "*.example.com"
  Time begins, expires;
  bool fits = false;  // the host asked about is one of its names (RFC 6125)
};

// The first certificate of a PEM file. Blocks. Errors: the file cannot be read, or has none.
[[nodiscard]] Result<Certificate> read_certificate(const std::string& path, const std::string& host);

}  // namespace penstock::net
