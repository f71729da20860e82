// SPDX-License-Identifier: Apache-2.0
#include "delivery/referring.h"

#include "base/ascii.h"
#include "mime/received.h"
#include "unsubscribe/terms.h"

namespace penstock::delivery {

Referred refer(const ShardParts& parts, const Batch& batch, std::shared_ptr<const std::string> body,
               std::string_view stream) {
  const model::Envelope& envelope = *batch.envelope;
  Referred referred{std::move(body), envelope.sender};
  const bool own_notice = envelope.sender.empty() && envelope.peer == "internal";
  if (parts.unsubscribe == nullptr || batch.recipients.size() != 1 || own_notice) return referred;
  const auto terms = parts.unsubscribe->load();
  const auto refers = terms->references.find(stream);
  if (refers == terms->references.end()) return referred;
  const model::RecipientId recipient = batch.recipients.front().id();
  const std::string token =
      feedback::make_reference(terms->keys.current, recipient, envelope.recipients[recipient.index].address, stream);
  const std::string& return_path = refers->second;
  if (!return_path.empty() && !envelope.sender.empty()) referred.sender = feedback::expand(return_path, token);
  std::string marked = mime::format_field("X-Penstock-Ref", token);
  marked += *referred.body;
  referred.body = std::make_shared<const std::string>(std::move(marked));
  return referred;
}

std::string sender_domain(const ShardParts& parts, const Batch& batch, std::string_view stream) {
  std::string_view address = batch.envelope->sender;
  const auto terms = parts.unsubscribe == nullptr ? nullptr : parts.unsubscribe->load();
  if (terms && !address.empty()) {
    const auto refers = terms->references.find(stream);
    if (refers != terms->references.end() && !refers->second.empty()) address = refers->second;
  }
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : ascii::lower(address.substr(at + 1));
}

}  // namespace penstock::delivery
