// SPDX-License-Identifier: Apache-2.0
#include "unsubscribe/terms.h"

#include "mime/header.h"
#include "mime/received.h"

namespace penstock::unsubscribe {

Terms::Terms(const config::Config& config, feedback::ReferenceKeys from)
    : keys(std::move(from)), proxy_from(config.unsubscribe.proxy_from) {
  longest = config::StreamUnsubscribe{}.expire;
  for (const config::Stream& stream : config.streams) {
    if (stream.reference_header || !stream.return_path.empty()) references.emplace(stream.name, stream.return_path);
    if (stream.unsubscribe.add == config::UnsubscribeAdd::Off) continue;
    longest = std::max(longest, stream.unsubscribe.expire);
    streams.emplace(stream.name, stream.unsubscribe);
  }
}

std::string link_fields(const Terms& terms, const model::Envelope& envelope, std::uint32_t index,
                        std::string_view stream, std::string_view message) {
  const auto offered = terms.streams.find(stream);
  if (offered == terms.streams.end() || envelope.sender.empty()) return {};
  // Those of a stream that replaces them were removed at admission.
  if (mime::find_field(message, "List-Unsubscribe") || mime::find_field(message, "List-Unsubscribe-Post")) return {};
  const config::StreamUnsubscribe& settings = offered->second;
  Wish wish;
  wish.address = envelope.recipients[index].address;
  wish.stream = stream;
  if (settings.scope == config::UnsubscribeScope::List) wish.list = envelope.labels.list;
  wish.recipient = {envelope.id, index};
  wish.made = envelope.received;
  const std::string token = make_token(terms.keys.current, wish);
  if (token.empty()) return {};
  return mime::format_field("List-Unsubscribe", "<" + settings.url + token + ">") +
         mime::format_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
}

}  // namespace penstock::unsubscribe
