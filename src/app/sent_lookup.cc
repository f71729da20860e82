// SPDX-License-Identifier: Apache-2.0
#include "app/sent_lookup.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace penstock::app {
namespace {

using eventlog::Field;

// Clocks are set back now and then.
constexpr std::chrono::hours kSlack{1};

bool is_one_of(std::string_view address, const std::vector<std::string>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const std::string& other) { return ascii::equal_ignoring_case(address, other); });
}

constexpr std::pair<Field, std::string feedback::SentRecipient::*> kMembers[] = {
    {Field::Stream, &feedback::SentRecipient::stream},     {Field::Tenant, &feedback::SentRecipient::tenant},
    {Field::Campaign, &feedback::SentRecipient::campaign}, {Field::List, &feedback::SentRecipient::list},
    {Field::Provider, &feedback::SentRecipient::provider}, {Field::Vmta, &feedback::SentRecipient::vmta},
    {Field::Sender, &feedback::SentRecipient::sender},     {Field::DkimDomain, &feedback::SentRecipient::dkim_domain},
};

}  // namespace

SentLookup::SentLookup(std::span<const feedback::WantedRecipient> wanted)
    : wanted_(wanted), found_(wanted.size()), since_(Time::max()) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const model::MessageId message = wanted[i].recipient.message;
    since_ = std::min(since_, feedback::made_at(message) - kSlack);
    const std::string id = model::format_id(message);
    if (!places_.contains(id)) messages_.push_back(message);
    places_.emplace(id, i);
  }
}

void SentLookup::take(std::string_view line) {
  if (!event_.parse(line) || !event_.has(Field::RcptIndex)) return;
  const auto [begin, end] = places_.equal_range(std::string(event_.raw(Field::Id)));
  if (begin == end) return;
  std::string scratch;
  const std::string address(event_.text(Field::Recipient, scratch));
  if (address.empty()) return;
  const auto number = static_cast<std::uint32_t>(event_.number(Field::RcptIndex));
  for (auto place = begin; place != end; ++place) {
    const feedback::WantedRecipient& want = wanted_[place->second];
    const bool whole = want.recipient.index == feedback::kWholeMessage;
    if (whole ? !is_one_of(address, want.addresses) : number != want.recipient.index) continue;
    std::optional<feedback::SentRecipient>& sent = found_[place->second];
    if (sent && sent->index != number) continue;
    if (!sent) sent = feedback::SentRecipient{.address = address, .index = number};
    for (const auto& [field, member] : kMembers) {
      if ((*sent.*member).empty()) (*sent).*member = event_.text(field, scratch);
    }
  }
}

}  // namespace penstock::app
