// SPDX-License-Identifier: Apache-2.0
// ClientSession: our side of one SMTP or LMTP connection to a receiver (RFC 5321, 2033, 2920, 3030, 3461, 6531).
//
// Sans-IO: it decides what is said; the caller owns the socket, the deadlines and the order of attempts. Use, after the
// link is connected:
//   ClientSession session({.ehlo_name = "mta1.example.com"});
//   for (;;) {
//     const Action action = session.next();                    // the same again until an event below was reported
//     if (auto* write = std::get_if<Write>(&action)) {         // write all chunks, time-out by write->step
//       … ok ? session.on_written() : session.on_lost(OutcomeClass::Network, "connection reset");
//     } else if (auto* read = std::get_if<Read>(&action)) {    // read some bytes, time-out by read->step
//       … got ? session.on_bytes(bytes) : session.on_lost(OutcomeClass::Timeout, "no answer within 5 min");
//     } else if (std::holds_alternative<Handshake>(action)) {  // of TLS, now; only with ClientOptions::start_tls
//       … done ? session.on_tls() : session.on_lost(OutcomeClass::Tls, "certificate has expired");
//     } else if (std::holds_alternative<SignIn>(action)) {     // only with ClientOptions::auth
//       … session.start_auth(…), respond_auth(…) or give_up_auth(…); see there
//     } else if (std::holds_alternative<Idle>(action)) {       // outcomes() of the last begin(), if any, are complete
//       … session.begin(transaction), or session.quit(), or keep the connection for later
//     } else {                                                 // Closed: outcomes() complete, failure() says why;
//     close
//       break;
//     }
//   }
// Time-outs of RFC 5321 §4.5.3.2 by step: a Read at Banner, Mail, Rcpt 5 min, Data 2 min, EndOfData 10 min; a Write at
// EndOfData (the body) 3 min per block.
//
// AUTH (RFC 4954): the session does its framing, the mechanism is the caller's (sasl/client_exchange.h). It begins
// after the EHLO of an encrypted link and nowhere else. Whatever comes of it but 235 ends the connection, as a deferral
// at Step::Auth: the mail is not to blame.
//
// TLS: what a receiver said before the handshake is forgotten, and EHLO is said again (RFC 3207 §4.2). A receiver that
// sends anything in clear behind its 220 is not spoken to any further: those bytes could be taken for answers that came
// encrypted (CVE-2011-0411).
//
// Outcomes: at Idle or Closed after begin(), each recipient has exactly one. 2xx to the body is Delivered; 4xx Deferred
// and 5xx Bounced at the step that got it; 421 at any step defers all who have none yet and ends the connection. A lost
// link, a time-out or an unreadable or impossible answer defers them likewise, at the step waited for, with code 0 and
// our words in reply.text; after the body too, where the receiver may have the message (a duplicate is possible, a loss
// is not). What was decided before stays. We bounce ourselves, at Step::Mail or Rcpt with nothing sent for it and a
// code and text of our own: 552 5.3.4 above the announced SIZE, 553 5.6.7 SMTPUTF8 needed but not offered, 554 5.6.3
// binary (or by policy 8-bit) body not offered, 553 5.1.3 or 5.1.7 an address that cannot be put on the wire. A refusal
// at Banner or Ehlo, 5xx too, is a deferral in failure(): another host may be tried.
//
// Owns: its buffers only.   Threads: one at a time.   Costs: no copy of the body; commands go into one reused buffer.
// Limits: see client_options.h and reply_parser.h.   Errors: none; begin() and quit() out of place are our bug (CHECK).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/outcome.h"
#include "model/reply.h"
#include "smtp/client_commands.h"
#include "smtp/client_extensions.h"
#include "smtp/client_options.h"
#include "smtp/dot_stuffing.h"
#include "smtp/reply_parser.h"

namespace penstock::smtp {

// Write all chunks in order. They stay valid until on_written() or on_lost().
struct Write {
  std::span<const std::string_view> chunks;
  model::Step step;  // of the first command in it; EndOfData for the body
};
// Wait for the answer to `step`.
struct Read {
  model::Step step;
};
// Somebody takes the message: give the fields that go before it, see Transaction::late_header_bytes.
struct NeedHeader {};
// The receiver is ready for TLS: shake hands, then on_tls() or on_lost(OutcomeClass::Tls or Timeout, words).
struct Handshake {};
// Prove who we are: with auth_challenge() a response to it, else a beginning, by what extensions().auth offers.
struct SignIn {};
struct Idle {};
struct Closed {};
using Action = std::variant<Write, Read, NeedHeader, Handshake, SignIn, Idle, Closed>;

class ClientSession {
 public:
  explicit ClientSession(ClientOptions options);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // What to do now. Cheap, changes nothing.
  [[nodiscard]] Action next() const;

  // The Write of next() is done.
  void on_written();
  // Bytes came from the peer; any split is fine. Allowed at every action: while a Write is under way they are kept
  // (give what the peer said before a failed write to the session before on_lost: a refusal in it counts); while Idle,
  // whatever they say, the connection is over (a receiver speaks out of turn to announce that it closes).
  void on_bytes(std::string_view bytes);
  // The link is gone, or its deadline has passed; `why` is Network, Timeout, Tls or Admin (we stop), `words` tells the
  // reader of a log. Ends in Closed. Does nothing when Closed.
  void on_lost(model::OutcomeClass why, std::string_view words);

  // Handshake: from here on the link is encrypted.
  void on_tls();
  // SignIn, at the beginning: the mechanism's name, and what goes with it unless the server speaks first.
  void start_auth(std::string_view mechanism, const std::optional<std::string>& initial_response);
  // SignIn, later. Any bytes.
  void respond_auth(std::string_view response);
  // SignIn, at any time, or Idle before the first begin(): no mechanism fits, or the server does not do its part.
  // `words` are for the log.
  void give_up_auth(std::string_view words);
  // What the server asked, decoded; nothing before it did.
  [[nodiscard]] const std::optional<std::string>& auth_challenge() const { return auth_challenge_; }
  // The answer to NeedHeader: whole fields, each line ending in CRLF; may be empty. They must stay valid as the body.
  void on_header(std::string_view fields);

  // Starts a transaction. Precondition: Idle. It is over at the next Idle or Closed.
  void begin(const Transaction& transaction);
  // Says QUIT, waits for the answer (Step::Quit), ends in Closed. Precondition: Idle. To close without manners, just
  // do.
  void quit();

  // Of the last begin(): one for each of its recipients, in its order; complete at Idle or Closed. Empty before.
  // Valid until the next begin(); may be moved from.
  [[nodiscard]] std::span<model::Outcome> outcomes() { return outcomes_; }
  [[nodiscard]] std::span<const model::Outcome> outcomes() const { return outcomes_; }
  // True when every outcome is known, which may be before Idle or Closed (QUIT is still to be said).
  [[nodiscard]] bool finished() const { return undecided_ == 0; }
  // The receiver was told the DSN wishes (DSN offered). If false, a recipient delivered with NOTIFY=SUCCESS is owed a
  // "relayed" notice by us (RFC 3461 §5.2.2).
  [[nodiscard]] bool passes_dsn() const { return extensions_.dsn; }
  // The connection had served before and ended before it answered anything of the last transaction: the receiver had
  // likely closed it while it was idle. All outcomes but our own bounces are deferrals; the caller may try those at
  // once on a new connection.
  [[nodiscard]] bool was_stale() const { return stale_; }

  // Why the connection ended, as an outcome (always Deferred) that can be given to whoever waits for it; nothing while
  // it is up or after quit(). Step and reply as above.
  [[nodiscard]] const std::optional<model::Outcome>& failure() const { return failure_; }
  // EHLO or HELO was accepted at some time.
  [[nodiscard]] bool greeted() const { return greeted_; }

  [[nodiscard]] bool is_tls() const { return tls_; }
  [[nodiscard]] const Extensions& extensions() const { return extensions_; }
  [[nodiscard]] const model::Reply& banner() const { return banner_; }
  [[nodiscard]] const model::Reply& last_reply() const { return reply_; }
  // Replies taken so far, of whatever step. While it stands still all that comes is pieces of the reply awaited.
  [[nodiscard]] std::uint64_t replies() const { return replies_; }
  [[nodiscard]] std::uint32_t transactions() const { return transactions_; }  // with something sent
  [[nodiscard]] std::uint32_t messages() const { return messages_; }  // accepted by the receiver for at least one

 private:
  enum class Phase : std::uint8_t {
    Banner,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    SignIn,
    Auth,
    Idle,
    Commands,
    Body,
    Answer,
    Quit,
    Closed
  };
  enum class Fate : std::uint8_t { Open, Accepted, Decided };  // of a recipient in the transaction
  enum class DataWay : std::uint8_t {
    Data,          // DATA, then the body when the receiver asks for it
    BdatTogether,  // BDAT and the body in the same write as the last commands
    BdatAfter,     // BDAT and the body once the recipients are known
  };

  // Events, in client_session.cc.
  void process(std::string_view bytes);
  void process_refusals(std::string_view bytes);
  void take_reply();
  void on_greeting_reply();
  void on_start_tls_reply();
  void on_auth_reply();
  void fail_auth(model::Reply reply);
  void go_idle();
  void on_out_of_turn(std::string_view bytes);
  void start_command(std::string_view verb, std::string_view argument, Phase phase, model::Step step);
  void start_write(model::Step step);
  void refuse_connection(model::Step step);
  void fail(model::OutcomeClass outcome_class, model::Reply reply);
  void fail_protocol(std::string words);
  void fail_misfit();
  [[nodiscard]] model::Step step_waited_for() const;

  // The transaction, in client_session_mail.cc. Its commands have positions: RSET (if rset_first_), MAIL, one RCPT for
  // each of asked_, and DATA or BDAT unless that comes after.
  void choose_data_way();
  void continue_transaction();
  void compose_commands();
  void append_command(std::size_t position);
  void append_plain_body();
  void start_body();
  void write_body();
  void start_late_chunk();
  void on_command_reply();
  void on_data_reply();
  void on_body_reply();
  void decide(std::size_t slot, const model::Outcome& outcome);
  void decide_by_reply(Fate fate, model::Step step);
  void finish_transaction();
  [[nodiscard]] model::Step step_of(std::size_t position) const;
  [[nodiscard]] std::size_t mail_position() const { return rset_first_ ? 1 : 0; }
  [[nodiscard]] std::size_t command_count() const;
  [[nodiscard]] bool pipelined() const { return options_.pipelining && extensions_.pipelining; }

  const ClientOptions options_;

  // of the connection
  Phase phase_ = Phase::Banner;
  Extensions extensions_;
  ReplyParser parser_;
  model::Reply banner_;
  model::Reply reply_;
  std::optional<model::Outcome> failure_;
  std::uint64_t replies_ = 0;
  std::uint32_t transactions_ = 0;
  std::uint32_t messages_ = 0;
  std::optional<std::string> auth_challenge_;
  bool greeted_ = false;
  bool tls_ = false;
  bool signed_in_ = false;
  bool needs_rset_ = false;  // the receiver holds an unfinished transaction

  // what is being written
  bool writing_ = false;
  model::Step write_step_ = model::Step::Banner;
  std::string commands_;
  std::vector<std::string_view> chunks_;
  std::string held_;  // came while writing

  // of the transaction
  Transaction transaction_;
  MessageFacts facts_;
  DataWay data_way_ = DataWay::Data;
  DotStuffer stuffer_;
  std::vector<model::Outcome> outcomes_;
  std::vector<Fate> fates_;           // beside outcomes_
  std::vector<std::uint32_t> asked_;  // slots of outcomes_ that a RCPT is sent for
  std::size_t undecided_ = 0;
  std::size_t accepted_ = 0;
  std::size_t sent_ = 0;      // commands composed into writes
  std::size_t answered_ = 0;  // and how many of them have an answer
  bool rset_first_ = false;
  bool mail_accepted_ = false;
  bool header_wanted_ = false;           // NeedHeader
  std::vector<std::string_view> parts_;  // the body with the late header before it
  bool body_complete_ = false;           // its end is in the present write or written
  bool delivered_ = false;               // to at least one
  bool heard_ = false;                   // any answer came
  bool stale_ = false;
};

}  // namespace penstock::smtp
