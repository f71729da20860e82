// SPDX-License-Identifier: Apache-2.0
// History: everything a test did to a spool, and so what the spool may and must give back after any kind of end.
//
//   acknowledged            every recipient comes back unless finished
//   finished and flushed    does not come back
//   finished, not flushed   may come back, once
//   attempted               comes back as flushed last, or as any later attempt
//   not acknowledged        comes back whole or not at all; not at all once its refusal was sealed
//
// verify() also takes what came back for the truth from there on, as the daemon does.
// Threads: one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "spool/test/box.h"

namespace penstock::spool {

class History {
 public:
  explicit History(Box& box) : box_(box) {}

  // A message of up to `body_bytes_max`, with up to four recipients; waits for the answer.
  void accept(std::size_t body_bytes_max);
  // Of a random live recipient, if there is one.
  void finish_one();
  void attempt_one();
  void finish_message();
  // True if everything submitted is durable now.
  bool flush();
  // The process was killed, not the machine: what was submitted as finished must not come back.
  void finals_are_noted();
  // Whatever was refused so far must never come back.
  void refusals_are_sealed();
  // Compares with what the last opening found.
  void verify();
  // Compares with what the spool says while it is open.
  void verify_open();

  [[nodiscard]] std::size_t live() const;

 private:
  enum class State : std::uint8_t { Live, Submitted, Finished };
  struct Recipient {
    State state = State::Live;
    std::vector<std::uint32_t> attempts{0};  // the first is durable, the rest was submitted since
  };
  enum class Answer : std::uint8_t { Acknowledged, Refused, RefusedForGood };
  struct Message {
    model::Envelope envelope;
    std::string body;
    Answer answer = Answer::Refused;
    std::vector<Recipient> recipients;
  };
  [[nodiscard]] std::vector<model::RecipientId> live_ids() const;
  void verify_message(model::MessageId id, Message& message);
  void verify_recipient(model::RecipientId id, Recipient& recipient);
  void verify_contents(model::MessageId id, const Message& message);

  Box& box_;
  std::map<model::MessageId, Message> messages_;
  std::uint32_t attempts_ = 0;
};

}  // namespace penstock::spool
