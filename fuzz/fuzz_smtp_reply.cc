// SPDX-License-Identifier: Apache-2.0
// What a receiver says: the same replies come out however the bytes are split, within the limits, and clean.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "smtp/client_extensions.h"
#include "smtp/reply_parser.h"

namespace {

using namespace penstock;

struct Parsed {
  std::vector<model::Reply> replies;
  bool unreadable = false;
  bool operator==(const Parsed&) const = default;
};

Parsed parse(std::string_view bytes, std::size_t piece_bytes) {
  smtp::ReplyParser parser;
  Parsed out;
  while (!bytes.empty() && !out.unreadable) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (!piece.empty() && !out.unreadable) {
      const auto got = parser.take(piece);
      if (got == smtp::ReplyParser::Got::Reply) out.replies.push_back(parser.reply());
      out.unreadable = got == smtp::ReplyParser::Got::Unreadable;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Parsed whole = parse(text, std::max<std::size_t>(size, 1));
  PENSTOCK_CHECK(whole == parse(text, 1) && whole == parse(text, 7));
  for (const model::Reply& reply : whole.replies) {
    PENSTOCK_CHECK(reply.code >= 200 && reply.code < 600);
    PENSTOCK_CHECK(reply.text.size() <= smtp::ReplyParser::kReplyBytesMax && !reply.text.ends_with('\n'));
    PENSTOCK_CHECK(std::all_of(reply.text.begin(), reply.text.end(), [](char c) {
      return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    }));
    PENSTOCK_CHECK(smtp::parse_extensions(reply).keywords.size() < 64);
  }
  return 0;
}
