// SPDX-License-Identifier: Apache-2.0
// What a program may leave in the pickup folder.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/pickup_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view contents(reinterpret_cast<const char*>(data), size);
  const auto read = ingest::parse_pickup_file(contents, 5);
  if (!read) {
    PENSTOCK_CHECK(!read.error().empty());
    return 0;
  }
  PENSTOCK_CHECK(!read->envelope.recipients.empty() && read->envelope.recipients.size() <= 5);
  // Nothing that could end a command or a line early.
  const auto plain = [](std::string_view text) { return text.find_first_of("\r\n\0", 0, 3) == std::string_view::npos; };
  PENSTOCK_CHECK(plain(read->envelope.sender));
  for (const model::Recipient& recipient : read->envelope.recipients) {
    PENSTOCK_CHECK(plain(recipient.address) && recipient.address.find('@') != std::string::npos);
  }
  const std::string_view message = read->message;
  PENSTOCK_CHECK(message.find('\0') == std::string_view::npos);
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (message[i] == '\n') PENSTOCK_CHECK(i > 0 && message[i - 1] == '\r');
    if (message[i] == '\r') PENSTOCK_CHECK(i + 1 < message.size() && message[i + 1] == '\n');
  }
  return 0;
}
