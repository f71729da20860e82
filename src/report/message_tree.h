// SPDX-License-Identifier: Apache-2.0
// A message taken apart into the parts that a report consists of, decoded. The only file that knows GMime.
//
// Text comes out with LF line ends, as UTF-8 where the charset is known and the bytes fit it, otherwise as they were.
// Parts inside an embedded message are not returned: of that only its header counts here.   Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/reading.h"

namespace penstock::report {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;  // name as written, value unfolded

// The first value of that name, case ignored; "" when there is none.
[[nodiscard]] std::string_view field_value(const HeaderFields& fields, std::string_view name);

enum class PartKind : std::uint8_t { Text, Html, Status, Feedback, Headers, Embedded };

struct MessagePart {
  PartKind kind = PartKind::Text;
  std::string text;     // of Headers and Embedded: the header as text
  HeaderFields fields;  // of Embedded
};

struct MessageTree {
  HeaderFields header;
  std::string subject;       // decoded
  std::string content_type;  // "multipart/report", lower case
  std::vector<MessagePart> parts;
  bool truncated = false;
};

[[nodiscard]] MessageTree take_apart(std::string_view message, const ReadLimits& limits);

}  // namespace penstock::report
