// SPDX-License-Identifier: Apache-2.0
// What lies in the event log's files: lines, which accounting and queries scan, and whose texts become CSV.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "eventlog/accounting_columns.h"
#include "eventlog/event_format.h"
#include "eventlog/event_line.h"
#include "eventlog/json_text.h"

namespace {

using namespace penstock;
using namespace penstock::eventlog;

void read_line(std::string_view line) {
  EventLine event;
  if (!event.parse(line)) return;
  std::string scratch;
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    const auto field = static_cast<Field>(i);
    (void)event.text(field, scratch);
    (void)event.number(field);
    if (const auto time = event.time(field)) {
      std::string again(kTimeLength, '\0');
      PENSTOCK_CHECK(format_time(again.data(), *time) == again.data() + kTimeLength);
      PENSTOCK_CHECK(again == event.raw(field));
    }
  }
  std::vector<const Column*> columns;
  for (const Column& column : all_columns()) columns.push_back(&column);
  std::string out;
  append_record(columns, event, out, scratch);
  PENSTOCK_CHECK(out.ends_with("\r\n"));
}

// Whatever a peer says, its text in a line is valid and reads back; once valid, it stays the same.
void write_text(std::string_view text) {
  const std::string escaped = escape_json(text);
  std::string once;
  PENSTOCK_CHECK(unescape_json(escaped, once));
  PENSTOCK_CHECK(escape_json(once) == escaped);
  model::Event event;
  event.detail = text;
  event.recipient = text;
  event.reply.text = text;
  event.reply.code = 550;
  LineBuffer buffer;
  append_event(buffer, event, "node");
  EventLine line;
  const std::string_view written = buffer.view();
  PENSTOCK_CHECK(written.find('\n') == written.size() - 1);
  PENSTOCK_CHECK(line.parse(written.substr(0, written.size() - 1)));
  std::string scratch;
  if (text.size() <= kTextMax) PENSTOCK_CHECK(line.text(Field::Detail, scratch) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  write_text(text);
  while (!text.empty()) read_line(take_line(text));
  return 0;
}
