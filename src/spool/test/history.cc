// SPDX-License-Identifier: Apache-2.0
#include "spool/test/history.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::spool {

void History::accept(std::size_t body_bytes_max) {
  model::Envelope envelope = make_envelope(static_cast<std::uint32_t>(1 + box_.rng.below(4)));
  envelope.id = box_.spool->make_id();
  std::string body = make_body(box_.rng.below(body_bytes_max + 1), box_.rng());
  const auto answered = box_.accept(envelope, body);
  envelope.body_bytes = body.size();
  Message& message = messages_[envelope.id];
  message.recipients.resize(envelope.recipients.size());
  message.envelope = std::move(envelope);
  message.body = std::move(body);
  if (answered) message.answer = Answer::Acknowledged;
}

std::vector<model::RecipientId> History::live_ids() const {
  std::vector<model::RecipientId> ids;
  for (const auto& [id, message] : messages_) {
    if (message.answer != Answer::Acknowledged) continue;
    for (std::uint32_t i = 0; i < message.recipients.size(); ++i) {
      if (message.recipients[i].state == State::Live) ids.push_back({id, i});
    }
  }
  return ids;
}
std::size_t History::live() const {
  return live_ids().size();
}

void History::finish_one() {
  const auto ids = live_ids();
  if (ids.empty()) return;
  const auto id = ids[box_.rng.below(ids.size())];
  box_.spool->record_final(id);
  messages_.at(id.message).recipients[id.index].state = State::Submitted;
}

void History::finish_message() {
  const auto ids = live_ids();
  if (ids.empty()) return;
  const auto chosen = ids[box_.rng.below(ids.size())].message;
  std::vector<model::RecipientId> finals;
  for (const auto& id : ids) {
    if (id.message == chosen) finals.push_back(id);
  }
  box_.spool->record_finals(finals);
  for (const auto& id : finals) messages_.at(chosen).recipients[id.index].state = State::Submitted;
}

void History::attempt_one() {
  const auto ids = live_ids();
  if (ids.empty()) return;
  const auto id = ids[box_.rng.below(ids.size())];
  box_.attempt(id.message, id.index, ++attempts_);
  messages_.at(id.message).recipients[id.index].attempts.push_back(attempts_);
}

bool History::flush() {
  if (!box_.spool->flush()) return false;
  for (auto& [id, message] : messages_) {
    for (Recipient& recipient : message.recipients) {
      if (recipient.state == State::Submitted) recipient.state = State::Finished;
      recipient.attempts = {recipient.attempts.back()};
    }
  }
  return true;
}

void History::finals_are_noted() {
  for (auto& [id, message] : messages_) {
    for (Recipient& recipient : message.recipients) {
      if (recipient.state == State::Submitted) recipient.state = State::Finished;
    }
  }
}

void History::refusals_are_sealed() {
  for (auto& [id, message] : messages_) {
    if (message.answer == Answer::Refused) message.answer = Answer::RefusedForGood;
  }
}

void History::verify() {
  ASSERT_TRUE(box_.sink.twice.empty());
  for (const auto& [id, found] : box_.sink.found) {
    const auto message = messages_.find(id.message);
    ASSERT_NE(message, messages_.end()) << "a message that was never given";
    ASSERT_LT(id.index, message->second.recipients.size());
  }
  for (auto& [id, message] : messages_) verify_message(id, message);
  EXPECT_EQ(box_.spool->stats().recipients, box_.sink.found.size());
}

void History::verify_message(model::MessageId id, Message& message) {
  const auto count = static_cast<std::size_t>(std::count_if(box_.sink.found.begin(), box_.sink.found.end(),
                                                            [&](const auto& f) { return f.first.message == id; }));
  if (message.answer == Answer::RefusedForGood) {
    EXPECT_EQ(count, 0U) << "refused and sealed, but came back";
    return;
  }
  if (message.answer == Answer::Refused) {
    EXPECT_TRUE(count == 0 || count == message.recipients.size()) << "half there";
    if (count == 0) return;
    message.answer = Answer::Acknowledged;  // the daemon cannot know better
  }
  for (std::uint32_t i = 0; i < message.recipients.size(); ++i) verify_recipient({id, i}, message.recipients[i]);
  if (count > 0) verify_contents(id, message);
}

void History::verify_recipient(model::RecipientId id, Recipient& recipient) {
  const auto found = box_.sink.found.find(id);
  if (found == box_.sink.found.end()) {
    EXPECT_NE(recipient.state, State::Live) << "lost " << model::format_id(id);
    recipient.state = State::Finished;
    return;
  }
  EXPECT_NE(recipient.state, State::Finished) << "came back from the dead: " << model::format_id(id);
  recipient.state = State::Live;
  const std::uint32_t attempts = found->second.attempts;
  EXPECT_TRUE(std::find(recipient.attempts.begin(), recipient.attempts.end(), attempts) != recipient.attempts.end())
      << model::format_id(id) << ": " << attempts << " attempts, not " << recipient.attempts.front()
      << " or a later number";
  recipient.attempts = {attempts};
}

void History::verify_contents(model::MessageId id, const Message& message) {
  const auto read = box_.spool->read(id);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(*read->body, message.body);
  EXPECT_EQ(*read->envelope, message.envelope);
}

void History::verify_open() {
  for (const auto& [id, message] : messages_) {
    if (message.answer != Answer::Acknowledged) continue;
    const bool live = std::any_of(message.recipients.begin(), message.recipients.end(),
                                  [](const Recipient& r) { return r.state == State::Live; });
    if (live) verify_contents(id, message);
  }
}

}  // namespace penstock::spool
