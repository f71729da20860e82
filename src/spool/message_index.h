// SPDX-License-Identifier: Apache-2.0
// MessageIndex: where each live message's Envelope record stands, and which of its recipients are finished.
//
// Sixteen bytes for a message with one recipient, some twenty-eight with the tables' air; a message with more has a row
// of bits beside it until its last recipient is finished.
// Threads: one at a time; Catalog keeps the lock.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/ids.h"
#include "spool/record_format.h"
#include "spool/staggered_map.h"

namespace penstock::spool {

// Slot of a segment and place of a record in it, in eight bytes.
struct Location {
  std::uint32_t slot = 0;
  std::uint32_t unit = 0;
  [[nodiscard]] std::uint64_t offset() const { return std::uint64_t{unit} * kRecordAlignment; }
  static Location at(std::uint32_t slot, std::uint64_t offset) {
    return {slot, static_cast<std::uint32_t>(offset / kRecordAlignment)};
  }
  bool operator==(const Location&) const = default;
};

class MessageIndex {
 public:
  enum class Finish : std::uint8_t {
    Nothing,    // the message or the recipient is not live
    Recipient,  // finished; others of the message are live
    Message     // that was the last one; the message is forgotten
  };

  // A message not here yet, with at least one recipient that is not finished.
  void add(model::MessageId id, Location where, std::uint32_t recipients, std::span<const std::uint32_t> finished);
  [[nodiscard]] std::optional<Location> find(model::MessageId id) const;
  // The message's record stands elsewhere now. The message must be here.
  void move(model::MessageId id, Location to);
  [[nodiscard]] bool live(const model::RecipientId& recipient) const;
  // Indexes of the finished recipients of a live message.
  [[nodiscard]] std::vector<std::uint32_t> finished(model::MessageId id) const;
  Finish finish(const model::RecipientId& recipient);

  [[nodiscard]] std::uint64_t messages() const { return places_.size(); }
  [[nodiscard]] std::uint64_t recipients() const { return recipients_; }
  // Gives back room that a start needed for a moment.
  void shrink() { places_.shrink(); }
  void reserve(std::size_t messages) { places_.reserve(messages); }

 private:
  // Which recipients of a message with more than one are finished: one bit each.
  struct Row {
    std::uint32_t recipients = 0;
    std::uint32_t live = 0;
    std::vector<std::uint64_t> bits;
    [[nodiscard]] bool finished(std::uint32_t index) const { return (bits[index / 64] >> (index % 64) & 1) != 0; }
    // False if it was finished already.
    bool finish(std::uint32_t index);
  };
  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(model::MessageId id) const noexcept;
  };

  StaggeredMap<model::MessageId, Location, Hash> places_;
  boost::unordered_flat_map<model::MessageId, Row, Hash> rows_;
  std::uint64_t recipients_ = 0;
};

}  // namespace penstock::spool
