// SPDX-License-Identifier: Apache-2.0
// ReceiverSession: the server side of one SMTP or LMTP conversation of a simulated receiver. No socket, no clock.
//
// Use:  Next next = session.start();
//       for (;;) { write session.output(); act on next; next = session.on_bytes(unread); }
// on_bytes() takes whole commands, or as much message text as there is, from the front of `unread`; what it leaves is
// given again together with what arrives next. Next says what the caller must do before it calls again.
//
// It is written apart from the MTA's own SMTP code on purpose, so that an error there is not mirrored here. It is
// strict: a command or parameter that was not offered, a bare LF, a line too long are counted as protocol violations.
// See RFC 5321, 2920 (PIPELINING), 1870 (SIZE), 6152, 6531, 3461, 3030 (BDAT), 2033 (LMTP).
//
// Threads: one owner.   Ownership: `sink`, `memory` and the texts in ReceiverFacts must outlive the session.
// Limits: command lines of kCommandMax bytes, kRecipientsMax recipients in a transaction (452 above).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/behaviour.h"
#include "sim/personality.h"

namespace penstock::sim {

enum class Violation : std::uint8_t { Connections, Rate, Messages, EarlyTalker, Protocol };
inline constexpr std::array<std::string_view, 5> kViolationNames{"connections", "rate", "messages", "early_talker",
                                                                 "protocol"};

// A message that was taken. Views live as long as the call.
struct Arrival {
  std::string_view source;  // the client's address
  std::string_view ehlo;
  std::string_view sender;
  std::string_view sim_id;                  // of X-Sim-Id; empty when there was none
  std::span<const std::string> recipients;  // those that were taken
  std::uint64_t bytes = 0;                  // of the text, without dot-stuffing
  std::string_view content;                 // the text itself, when contents are kept
};

// Where a session reports to.
class SessionSink {
 public:
  virtual ~SessionSink() = default;
  // True if this source may send another message now.
  virtual bool take_message_permit() = 0;
  virtual void arrived(const Arrival& arrival) = 0;
  virtual void refused(Step step, std::string_view reply) = 0;
  // The conversation was ended, or left hanging, by a reaction.
  virtual void cut(Step step) = 0;
  virtual void violated(Violation violation) = 0;
  // What the provider makes of the client at connect, mail and end-of-data; `occasion` as for decide(), at mail with
  // the recipients that have come in the same write. `messages`: taken on this connection.
  virtual Verdict judge(const Occasion& occasion, std::uint64_t messages) {
    static_cast<void>(occasion);
    static_cast<void>(messages);
    return {};
  }
  // A recipient is named in a transaction, whatever will come of it.
  virtual void named(std::string_view sender, std::string_view recipient) {
    static_cast<void>(sender);
    static_cast<void>(recipient);
  }
};

struct Next {
  enum class Kind : std::uint8_t {
    Read,   // write the output, read more
    Wait,   // write the output, wait, call on_bytes() without reading
    Close,  // write the output, close
    Reset,  // close with a TCP reset
    Hang,   // write the output, then keep silent until the client leaves
    Drip    // write the output, then lines "CODE-wait" byte by byte until the client leaves
  };
  Kind kind = Kind::Read;
  Duration wait{0};
  std::array<char, 3> code{};  // of Drip
};

class ReceiverSession {
 public:
  static constexpr std::size_t kCommandMax = 4096;
  static constexpr std::size_t kRecipientsMax = 50'000;
  struct Facts {
    std::string_view host;    // our name, in the banner and in the EHLO reply
    std::string_view source;  // the client's address
    bool keep_content = false;
    bool has_provider = false;  // the sink judges
  };

  ReceiverSession(Facts facts, std::shared_ptr<const Behaviour> behaviour, std::uint64_t seed, SessionSink& sink,
                  AttemptMemory& memory);

  // The connection is there. `admitted` false: there are too many from this source.
  [[nodiscard]] Next start(bool admitted);
  [[nodiscard]] Next on_bytes(std::string_view& unread);
  // From the next step on.
  void use(std::shared_ptr<const Behaviour> behaviour) { behaviour_ = std::move(behaviour); }

  // What is to be sent; the caller clears it.
  [[nodiscard]] std::string& output() { return output_; }
  [[nodiscard]] const Behaviour& behaviour() const { return *behaviour_; }

 private:
  enum class State : std::uint8_t { Command, Text, Chunk };
  enum class HeaderState : std::uint8_t { Inside, Done };

  Next on_command(std::string_view line, bool more_follows);
  Next on_hello(std::string_view line);
  Next on_mail(std::string_view line);
  Next on_rcpt(std::string_view line);
  Next on_data();
  Next on_bdat(std::string_view line);
  Next on_end_of_data();
  Next on_lmtp_end_of_data();
  bool take_text(std::string_view& unread);
  bool take_chunk(std::string_view& unread);
  void take_text_line(std::string_view line, bool ended);

  // Decides at a step; `usual` is what is said when nothing else is decided. `accepted` tells which of both it was.
  Next answer(Step step, std::span<const std::string> recipients, std::string_view usual, bool& accepted);
  // The provider's decision, else the behaviour's.
  Decision consider(const Occasion& occasion);
  // Recipients of RCPT commands that were sent together with the one at hand.
  [[nodiscard]] std::vector<std::string> pipelined_recipients() const;
  Next give(const Decision& decision, Step step, std::string_view reply);
  Next refuse(Step step, std::string_view reply);
  Next say(std::string_view reply);
  void count_protocol_violation() { sink_.violated(Violation::Protocol); }
  [[nodiscard]] bool parameters_offered(std::string_view parameters, bool of_mail) const;
  void reset_transaction();
  void append_reply(std::string& out, std::string_view reply) const;
  void append_half(std::string& out, std::string_view reply) const;
  // The text with its enhanced code, or without where those are not offered.
  [[nodiscard]] std::string_view plain(std::string_view reply) const;

  const Facts facts_;
  std::shared_ptr<const Behaviour> behaviour_;
  Rng rng_;
  SessionSink& sink_;
  AttemptMemory& memory_;

  State state_ = State::Command;
  bool greeted_ = false;
  bool in_transaction_ = false;
  bool last_chunk_ = false;
  std::string ehlo_;
  std::string sender_;
  std::vector<std::string> recipients_;
  std::uint64_t messages_ = 0;
  Verdict verdict_;             // the latest; decisions point into it
  std::string_view following_;  // what has come behind the command at hand

  // of the message being received
  HeaderState header_ = HeaderState::Inside;
  bool mid_line_ = false;
  bool bare_lf_ = false;
  std::string sim_id_;
  std::string content_;
  std::string chunk_line_;  // a header line that is split over chunks
  std::uint64_t bytes_ = 0;
  std::uint64_t chunk_left_ = 0;

  std::string output_;
  std::string held_;  // said when the wait is over
  Next after_hold_;
  bool holding_ = false;
};

}  // namespace penstock::sim
