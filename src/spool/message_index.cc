// SPDX-License-Identifier: Apache-2.0
#include "spool/message_index.h"

#include "base/check.h"

namespace penstock::spool {

std::size_t MessageIndex::Hash::operator()(model::MessageId id) const noexcept {
  // Ids are times with zeros below: both halves of the product are needed to spread them.
  std::uint64_t mixed = id.value * 0x9E3779B97F4A7C15ULL;
  mixed ^= mixed >> 32;
  return mixed * 0xD6E8FEB86659FD93ULL;
}

bool MessageIndex::Row::finish(std::uint32_t index) {
  if (index >= recipients || finished(index)) return false;
  bits[index / 64] |= std::uint64_t{1} << (index % 64);
  --live;
  return true;
}

void MessageIndex::add(model::MessageId id, Location where, std::uint32_t recipients,
                       std::span<const std::uint32_t> finished) {
  const bool fresh = places_.emplace(id, where);
  PENSTOCK_CHECK(fresh && recipients > finished.size());
  if (recipients > 1) {
    Row row{.recipients = recipients, .live = recipients, .bits = std::vector<std::uint64_t>((recipients + 63) / 64)};
    for (const std::uint32_t index : finished) row.finish(index);
    recipients_ += row.live;
    rows_.emplace(id, std::move(row));
  } else {
    ++recipients_;
  }
}

std::optional<Location> MessageIndex::find(model::MessageId id) const {
  const Location* found = places_.find(id);
  if (found == nullptr) return std::nullopt;
  return *found;
}

void MessageIndex::move(model::MessageId id, Location to) {
  Location* found = places_.find(id);
  PENSTOCK_CHECK(found != nullptr);
  *found = to;
}

bool MessageIndex::live(const model::RecipientId& recipient) const {
  if (places_.find(recipient.message) == nullptr) return false;
  const auto row = rows_.find(recipient.message);
  if (row == rows_.end()) return recipient.index == 0;
  return recipient.index < row->second.recipients && !row->second.finished(recipient.index);
}

std::vector<std::uint32_t> MessageIndex::finished(model::MessageId id) const {
  std::vector<std::uint32_t> indexes;
  const auto row = rows_.find(id);
  if (row == rows_.end()) return indexes;
  for (std::uint32_t i = 0; i < row->second.recipients; ++i) {
    if (row->second.finished(i)) indexes.push_back(i);
  }
  return indexes;
}

MessageIndex::Finish MessageIndex::finish(const model::RecipientId& recipient) {
  if (places_.find(recipient.message) == nullptr) return Finish::Nothing;
  const auto row = rows_.find(recipient.message);
  if (row == rows_.end()) {
    if (recipient.index != 0) return Finish::Nothing;
  } else {
    if (!row->second.finish(recipient.index)) return Finish::Nothing;
    if (row->second.live > 0) {
      --recipients_;
      return Finish::Recipient;
    }
    rows_.erase(row);
  }
  --recipients_;
  places_.erase(recipient.message);
  return Finish::Message;
}

}  // namespace penstock::spool
