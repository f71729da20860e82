// SPDX-License-Identifier: Apache-2.0
#include "app/selection_match.h"

#include "api/errc.h"
#include "base/ascii.h"
#include "shaping/path_key.h"

namespace penstock::app {

Result<SelectionMatch> SelectionMatch::make(const api::Selection& from, model::NameTable& names) {
  queue::SelectionText text;
  text.stream = from.stream;
  text.tenant = from.tenant;
  text.campaign = from.campaign;
  text.domain = ascii::lower(from.domain);
  text.provider = from.provider;
  text.vmta = from.vmta;
  if (!from.path.empty()) {
    // "v1/provider:gmail", as PathRow::path names it.
    const std::size_t slash = from.path.find('/');
    if (slash == std::string::npos) {
      return fail(api::Errc::BadRequest, "\"" + from.path + "\" names no egress path; see penstock paths");
    }
    const std::string vmta = from.path.substr(0, slash);
    if (!text.vmta.empty() && text.vmta != vmta) {
      return fail(api::Errc::BadRequest, "the path \"" + from.path + "\" is not one of vMTA " + text.vmta);
    }
    text.vmta = vmta;
    // A stream's own path is the part of the path around it that carries the stream's mail.
    const shaping::GroupParts group = shaping::parts_of_group(std::string_view(from.path).substr(slash + 1));
    if (!text.stream.empty() && !group.stream.empty() && text.stream != group.stream) {
      return fail(api::Errc::BadRequest, "the path \"" + from.path + "\" is not one of stream " + text.stream);
    }
    if (!group.stream.empty()) text.stream = group.stream;
    text.path = group.group;
  }
  if (from.message) text.message = model::format_id(*from.message);
  SelectionMatch made;
  if (!from.recipient.empty()) {
    const std::size_t at = from.recipient.rfind('@');
    if (at == std::string::npos) {
      return fail(api::Errc::BadRequest, "recipient \"" + from.recipient + "\" is not an address");
    }
    const std::string domain = ascii::lower(std::string_view(from.recipient).substr(at + 1));
    made.address_ = from.recipient.substr(0, at + 1) + domain;
    if (text.domain.empty()) text.domain = domain;
  }
  auto selection = queue::Selection::make(text, names);
  if (!selection) return fail(api::Errc::BadRequest, selection.error().detail);
  made.selection_ = *selection;
  return made;
}

bool SelectionMatch::confirm(const queue::QueuedRecipient& recipient, spool::Spool& spool) const {
  if (address_.empty()) return true;
  const auto envelope = spool.read_envelope(recipient.message);
  return envelope && recipient.index < (*envelope)->recipients.size() &&
         ascii::equal_ignoring_case((*envelope)->recipients[recipient.index].address, address_);
}

}  // namespace penstock::app
