// SPDX-License-Identifier: Apache-2.0
// Reading a notice written for people: where the quoted original begins, which addresses it lists, and what it says of
// each.   Pure; any thread. Linear in the text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/message_tree.h"

namespace penstock::report {

struct NoticeText {
  std::string head;      // what the reporting host says
  std::string original;  // the header of the quoted message and what follows; "" when none is quoted
};
// Takes off the ">" of a forwarded notice first.
[[nodiscard]] NoticeText split_notice(std::string_view text);

// "Name: value" lines up to the first empty line after one; leading lines that are no fields are passed over.
[[nodiscard]] HeaderFields read_header_text(std::string_view text);

// How an address stands in a text, the weakest first.
enum class Standing : std::uint8_t { Mentioned, Quoted, Announced, Listed };

struct ListedAddress {
  std::string address;
  std::string section;  // the lines about it: from the address to the next one
  Standing standing = Standing::Mentioned;
};
// The addresses that stand out most, in order, each once. Addresses in `own` (the report's sender and receiver) count
// only when there is no other, and never as merely Mentioned.
[[nodiscard]] std::vector<ListedAddress> find_listed(std::string_view head, std::span<const std::string> own);

// Addresses of a header field's value, without names.
[[nodiscard]] std::vector<std::string> addresses_in(std::string_view text);

}  // namespace penstock::report
