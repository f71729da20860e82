// SPDX-License-Identifier: Apache-2.0
// The three parts of a report, each made from the request alone; dsn.cc puts them together.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "report/dsn.h"
#include "report/harmless.h"

namespace penstock::report {

// The body of one part. Its type and encoding are constants of the program.
struct Part {
  std::string_view type;
  std::string_view encoding;  // "7bit", "8bit" or "quoted-printable"
  std::string_view description;
  std::string content;  // CRLF lines; empty: the part is left out
};

// What failed, what the receiver said, what to do: for people.
[[nodiscard]] Part make_text_part(const DsnRequest& request);
// The same for programs (RFC 3464 §2; RFC 6533 §3 with Utf8).
[[nodiscard]] Part make_status_part(const DsnRequest& request, Charset charset);
// The original or its header, as the request allows.
[[nodiscard]] Part make_original_part(const DsnRequest& request, Charset charset);

}  // namespace penstock::report
