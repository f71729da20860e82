// SPDX-License-Identifier: Apache-2.0
#include "mime/edit.h"

#include "base/check.h"

namespace penstock::mime {

void append_edited(std::string_view message, const HeaderFacts& facts, const HeaderEdit& edit, std::string& out) {
  std::size_t removed = 0;
  std::size_t last = 0;
  for (const ByteRange& range : edit.remove) {
    PENSTOCK_CHECK(range.begin >= last && range.end >= range.begin && range.end <= facts.header_size);
    removed += range.size();
    last = range.end;
  }
  PENSTOCK_CHECK(facts.header_size <= message.size());
  const bool adds = !edit.received.empty() || !edit.added.empty();
  const bool all_body = facts.header_size == 0 && !facts.has_separator && !message.empty();

  out.reserve(out.size() + message.size() - removed + edit.received.size() + edit.added.size() + 2);
  out += edit.received;
  out += edit.added;
  if (adds && all_body) out += "\r\n";
  std::size_t from = 0;
  for (const ByteRange& range : edit.remove) {
    out += message.substr(from, range.begin - from);
    from = range.end;
  }
  out += message.substr(from);
}

std::string apply_edit(std::string_view message, const HeaderFacts& facts, const HeaderEdit& edit) {
  std::string out;
  append_edited(message, facts, edit, out);
  return out;
}

}  // namespace penstock::mime
