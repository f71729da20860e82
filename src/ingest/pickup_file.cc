// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "smtp/path.h"

namespace penstock::ingest {
namespace {

using Failed = tl::unexpected<std::string>;

// Nothing when the file mixes line ends: guessing would change somebody's message.
tl::expected<std::string, std::string> with_crlf(std::string_view contents) {
  const bool has_cr = contents.find('\r') != std::string_view::npos;
  std::string text;
  text.reserve(contents.size() + (has_cr ? 2 : contents.size() / 32));
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const char c = contents[i];
    if (c == '\0') return Failed("it holds a zero byte");
    const bool ends_pair = c == '\n' && i > 0 && contents[i - 1] == '\r';
    if (has_cr && ((c == '\n' && !ends_pair) || (c == '\r' && contents.substr(i + 1, 1) != "\n"))) {
      return Failed("its lines end in CRLF in some places and in a bare CR or LF in others");
    }
    if (c == '\n' && !has_cr) text += '\r';
    text += c;
  }
  if (!text.ends_with("\r\n")) text += "\r\n";
  return text;
}

std::string_view without_brackets(std::string_view address) {
  address = ascii::trim(address);
  if (address.size() >= 2 && address.front() == '<' && address.back() == '>') {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

tl::expected<void, std::string> add_receivers(std::string_view value, std::vector<model::Recipient>& recipients) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view address = without_brackets(value.substr(0, comma));
    auto mailbox = smtp::parse_mailbox(address, smtp::Utf8::Allowed);
    if (!mailbox) return Failed(fmt::format("X-Receiver: \"{}\" is not an address", address));
    recipients.push_back({std::move(*mailbox), "", model::kNotifyUnset});
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
  }
  return {};
}

}  // namespace

tl::expected<PickupMessage, std::string> parse_pickup_file(std::string_view contents, std::uint32_t recipients_max) {
  auto text = with_crlf(contents);
  if (!text) return Failed(text.error());
  PickupMessage out;
  std::vector<mime::ByteRange> removed;
  mime::HeaderFacts facts;
  bool has_sender = false;
  mime::HeaderScanner scan(*text);
  for (mime::HeaderField field; scan.next(field);) {
    const std::string value = mime::unfold(field.value);
    if (ascii::equal_ignoring_case(field.name, "X-Sender")) {
      if (has_sender) return Failed("it has more than one X-Sender field");
      has_sender = true;
      if (const std::string_view address = without_brackets(value); !address.empty()) {
        auto mailbox = smtp::parse_mailbox(address, smtp::Utf8::Allowed);
        if (!mailbox) return Failed(fmt::format("X-Sender: \"{}\" is not an address", address));
        out.envelope.sender = std::move(*mailbox);
      }
    } else if (ascii::equal_ignoring_case(field.name, "X-Receiver")) {
      if (auto added = add_receivers(value, out.envelope.recipients); !added) return Failed(added.error());
    } else {
      continue;
    }
    removed.push_back(field.bytes);
  }
  if (scan.over_limit()) return Failed("its header is too large");
  if (!has_sender) return Failed("it has no X-Sender field (\"X-Sender: <>\" for the null sender)");
  if (out.envelope.recipients.empty()) return Failed("it has no X-Receiver field");
  if (out.envelope.recipients.size() > recipients_max) {
    return Failed(fmt::format("it has {} recipients, {} are allowed", out.envelope.recipients.size(), recipients_max));
  }
  facts.header_size = scan.header_size();
  facts.body_offset = scan.body_offset();
  facts.has_separator = scan.has_separator();
  mime::HeaderEdit edit;
  edit.remove = removed;
  out.message = mime::apply_edit(*text, facts, edit);
  out.envelope.smtputf8 = mime::has_eight_bit(out.envelope.sender) ||
                          std::any_of(out.envelope.recipients.begin(), out.envelope.recipients.end(),
                                      [](const auto& each) { return mime::has_eight_bit(each.address); });
  if (mime::has_eight_bit(out.message)) out.envelope.body_kind = model::BodyKind::EightBitMime;
  return out;
}

}  // namespace penstock::ingest
