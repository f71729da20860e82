// SPDX-License-Identifier: Apache-2.0
// A message from a stranger: whatever its header is, the scan stays inside it, and an edited message has no label left
// and the same body.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mime/date.h"
#include "mime/edit.h"
#include "mime/labels.h"
#include "mime/received.h"
#include "mime/text.h"

namespace {

using namespace penstock;

void edit(std::string_view message, const mime::LabelRules& rules) {
  const auto before = mime::examine(message, rules);
  PENSTOCK_CHECK(before.facts.header_size <= before.facts.body_offset && before.facts.body_offset <= message.size());
  if (before.facts.over_limit) return;
  const std::string edited = mime::apply_edit(
      message, before.facts,
      {.received = mime::format_received({.client_name = message, .client_address = "192.0.2.1", .recipient = message}),
       .added = "Date: x\r\n",
       .remove = before.remove});
  const auto after = mime::examine(edited, rules);
  if (after.facts.over_limit) return;
  PENSTOCK_CHECK(after.remove.empty() && after.facts.date == before.facts.date + 1);
  PENSTOCK_CHECK(after.facts.received == before.facts.received + 1);
  PENSTOCK_CHECK(std::string_view(edited).substr(after.facts.body_offset) == message.substr(before.facts.body_offset));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const mime::LabelRules rules{mime::LabelNames{}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  edit(text, rules);
  (void)mime::examine(text, rules, {.header_bytes_max = size / 2, .fields_max = 3});
  if (const auto time = mime::parse_date(text)) {
    const auto again = mime::parse_date(mime::format_date(*time));
    PENSTOCK_CHECK(again && *time - *again < std::chrono::seconds{1});
  }
  PENSTOCK_CHECK(!mime::has_eight_bit(mime::encode_quoted_printable(text)));
  return 0;
}
