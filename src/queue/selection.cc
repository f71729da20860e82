// SPDX-License-Identifier: Apache-2.0
#include "queue/selection.h"

#include "base/ascii.h"
#include "queue/errc.h"

namespace penstock::queue {
namespace {

std::optional<model::NameId> named(const std::string& name, model::NameTable& names) {
  if (name.empty()) return std::nullopt;
  return names.intern(name);
}

template <class Id>
bool fits(const std::optional<Id>& wanted, Id is) {
  return !wanted || *wanted == is;
}

}  // namespace

Result<Selection> Selection::make(const SelectionText& text, model::NameTable& names) {
  Selection selection{.stream = named(text.stream, names),
                      .tenant = named(text.tenant, names),
                      .campaign = named(text.campaign, names),
                      .domain = named(ascii::lower(text.domain), names),
                      .provider = named(text.provider, names),
                      .vmta = named(text.vmta, names),
                      .group = named(text.path, names)};
  if (!text.message.empty()) {
    selection.message = model::parse_message_id(text.message);
    if (!selection.message) return fail(Errc::BadSelection, "message \"" + text.message + "\"");
  }
  if (!text.recipient.empty()) {
    const auto id = model::parse_recipient_id(text.recipient);
    if (!id) return fail(Errc::BadSelection, "recipient \"" + text.recipient + "\"");
    if (selection.message && *selection.message != id->message) {
      return fail(Errc::BadSelection, "recipient " + text.recipient + " is not of message " + text.message);
    }
    selection.message = id->message;
    selection.index = id->index;
  }
  return selection;
}

bool Selection::only_labels() const {
  return !domain && !provider && !vmta && !group && !message && !index;
}

bool Selection::matches_labels(const LabelSet& labels) const {
  return fits(stream, labels.stream) && fits(tenant, labels.tenant) && fits(campaign, labels.campaign);
}

bool Selection::matches(const QueuedRecipient& recipient, const LabelSetTable& labels, const Place& place) const {
  if (!fits(domain, recipient.domain) || !fits(message, recipient.message) || !fits(index, recipient.index)) {
    return false;
  }
  if (!fits(provider, place.provider) || !fits(group, place.group)) return false;
  if (!stream && !tenant && !campaign && !vmta) return true;
  const LabelSet& its = labels.view(recipient.labels);
  if (!matches_labels(its)) return false;
  return fits(vmta, place.vmta ? place.vmta : recipient.pinned_vmta ? recipient.pinned_vmta : its.vmta);
}

std::string Selection::to_string(const model::NameTable& names) const {
  std::string text;
  const auto add = [&text](std::string_view key, std::string_view value) {
    if (!text.empty()) text += ' ';
    text.append(key).append("=").append(value);
  };
  const auto add_name = [&](std::string_view key, const std::optional<model::NameId>& name) {
    if (name) add(key, names.view(*name));
  };
  add_name("stream", stream);
  add_name("tenant", tenant);
  add_name("campaign", campaign);
  add_name("domain", domain);
  add_name("provider", provider);
  add_name("vmta", vmta);
  add_name("path", group);
  if (message && index)
    add("recipient", format_id(model::RecipientId{*message, *index}));
  else if (message)
    add("message", format_id(*message));
  return text.empty() ? "everything" : text;
}

}  // namespace penstock::queue
