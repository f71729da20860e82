// SPDX-License-Identifier: Apache-2.0
#include "app/sent_lookup.h"

#include <algorithm>
#include <utility>

namespace penstock::app {
namespace {

using eventlog::Field;

// Clocks are set back now and then.
constexpr std::chrono::hours kSlack{1};

constexpr std::pair<Field, std::string feedback::SentRecipient::*> kMembers[] = {
    {Field::Stream, &feedback::SentRecipient::stream},
    {Field::Tenant, &feedback::SentRecipient::tenant},
    {Field::Campaign, &feedback::SentRecipient::campaign},
    {Field::List, &feedback::SentRecipient::list},
    {Field::Provider, &feedback::SentRecipient::provider},
    {Field::Vmta, &feedback::SentRecipient::vmta},
    {Field::Pool, &feedback::SentRecipient::pool},
    {Field::Sender, &feedback::SentRecipient::sender},
    {Field::DkimDomain, &feedback::SentRecipient::dkim_domain},
    {Field::Route, &feedback::SentRecipient::route},
    {Field::Site, &feedback::SentRecipient::site},
    {Field::Source, &feedback::SentRecipient::source_address},
};

}  // namespace

SentLookup::SentLookup(std::span<const model::RecipientId> wanted)
    : wanted_(wanted), found_(wanted.size()), since_(Time::max()) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const model::MessageId message = wanted[i].message;
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
    if (number != wanted_[place->second].index) continue;
    std::optional<feedback::SentRecipient>& sent = found_[place->second];
    if (!sent) sent = feedback::SentRecipient{.address = address};
    for (const auto& [field, member] : kMembers) {
      if ((*sent.*member).empty()) (*sent).*member = event_.text(field, scratch);
    }
  }
}

}  // namespace penstock::app
