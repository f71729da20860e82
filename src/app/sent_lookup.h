// SPDX-License-Identifier: Apache-2.0
// SentLookup: what lines of the event log say of recipients that reports are about.
//
// Use:  SentLookup lookup(wanted);
//       eventlog::visit_messages(log, lookup.messages(), lookup.since(), [&](auto line) { lookup.take(line); });
//       … lookup.found()
// Lines come newest first: what a later event knows (the provider and the vMTA of the attempt) counts.
// Threads: one.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "eventlog/event_line.h"
#include "feedback/report_desk.h"

namespace penstock::app {

class SentLookup {
 public:
  // `wanted` outlives it.
  explicit SentLookup(std::span<const model::RecipientId> wanted);
  [[nodiscard]] std::span<const model::MessageId> messages() const { return messages_; }
  // Nothing older than this is about them.
  [[nodiscard]] Time since() const { return since_; }
  void take(std::string_view line);
  // In the order of `wanted`.
  [[nodiscard]] std::vector<std::optional<feedback::SentRecipient>> found() { return std::move(found_); }

 private:
  const std::span<const model::RecipientId> wanted_;
  std::vector<model::MessageId> messages_;
  std::unordered_multimap<std::string, std::size_t> places_;  // of an id's text among `wanted`
  std::vector<std::optional<feedback::SentRecipient>> found_;
  Time since_;
  eventlog::EventLine event_;
};

}  // namespace penstock::app
