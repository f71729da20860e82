// SPDX-License-Identifier: Apache-2.0
// Editing the header of a finished message: fields go, fields are put before the rest. At most one allocation, one
// copy.
//
// Use:  const std::string stored =
//           apply_edit(message, found.facts, {.received = line, .added = fields, .remove = found.remove});
//       append_edited(message, found.facts, edit, *buffer);   // the same, into a string that has room already
// Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mime/header.h"
#include "mime/labels.h"

namespace penstock::mime {

// Views must stay valid during apply_edit only. `received` and `added` are whole fields, each line ending in CRLF.
struct HeaderEdit {
  std::string_view received{};          // goes first (RFC 5321 §4.4)
  std::string_view added{};             // what was missing, right after it
  std::span<const ByteRange> remove{};  // ascending and disjoint, inside the header: Examination::remove
};

// The edited message. `facts` are those of this message; where it has no header, an empty line is put between what is
// added and the body, so that body text never turns into header fields. The bytes of the body are unchanged.
// Precondition: `remove` is as described (PENSTOCK_CHECK).
[[nodiscard]] std::string apply_edit(std::string_view message, const HeaderFacts& facts, const HeaderEdit& edit);
// `message` is no view into `out`.
void append_edited(std::string_view message, const HeaderFacts& facts, const HeaderEdit& edit, std::string& out);

}  // namespace penstock::mime
