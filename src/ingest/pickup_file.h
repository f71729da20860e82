// SPDX-License-Identifier: Apache-2.0
// A file of the pickup folder: a message whose first header fields say from whom and to whom it goes.
//
//   X-Sender: <bounces@news.example.com>        once; "<>" is the null sender
//   X-Receiver: <reader@example.net>            once or more; also several, separated by commas
//   From: …                                     the message as it is to be sent
// These fields may stand anywhere in the header and are removed. Lines may end in CRLF or LF, not in both.
// Pure; any thread.   Limits: recipients_max; the caller has bounded the file.   Errors: one sentence on what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "model/envelope.h"

namespace penstock::ingest {

struct PickupMessage {
  model::Envelope envelope;  // sender, recipients, body kind
  std::string message;       // with CRLF, without X-Sender and X-Receiver
};

[[nodiscard]] tl::expected<PickupMessage, std::string> parse_pickup_file(std::string_view contents,
                                                                         std::uint32_t recipients_max);

}  // namespace penstock::ingest
