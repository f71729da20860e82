// SPDX-License-Identifier: Apache-2.0
// ServerSession: our side of one SMTP connection from a client that gives us mail (RFC 5321, 1870, 2034, 2920, 3030,
// 3461, 6152, 6531; Postfix's XCLIENT).
//
// Sans-IO: it decides what is said and what is taken; the caller owns socket, deadlines, policy and spool. Use, after
// the link is up (and the PROXY header, if any, was read: proxy_protocol.h):
//   ServerSession session(options, peer);            // bytes before the banner was sent? session.on_early_bytes();
//   for (;;) switch (session.next()) {
//     case ServerStep::Write:          write(session.output()); session.on_written(); break;
//     case ServerStep::Read:           session.on_bytes(read_some(buffer)); break;   // buffer untouched until next
//     Read case ServerStep::CheckSender:    may_send ? session.accept() : session.refuse(reply); break;   //
//     envelope().sender case ServerStep::CheckRecipient: may_relay ? session.accept() : session.refuse(reply); break;
//     // recipient() case ServerStep::CheckClient:    …same…; break;                                                //
//     xclient() case ServerStep::Message:        message = session.take_message(); session.answer(await
//     spool(message)); break; case ServerStep::Refused:        record(session.refusal()); break;             // just
//     call next() again case ServerStep::Close:          shut down writing, drain for a moment, close; return;
//   }
// The close should drain: unread bytes make a TCP stack reset the link, and the client may then lose our last reply.
// A deadline passed, or we stop: session.end({421, {4, 4, 2}, "timeout"}) and go on with the loop. A lost link: destroy
// the session; nothing that was not answered 2xx is taken.
//
// Replies are gathered: Write comes only when the input is used up, before Close, or at 16 KiB, so a pipelined group
// is answered in one write. While a decision or answer is awaited nothing behind it is looked at.
//
// Strict, so that no part of a message is ever taken for commands (SMTP smuggling): a line ends in CRLF only, the
// message ends in CRLF.CRLF only. A bare CR or LF in a command: 500 and close. In a message: it is read to its end,
// refused with 554 5.6.0, and the link closed, what follows unread. In a BDAT chunk, whose end does not depend on it:
// refused, and the session goes on. Zero bytes likewise (ServerOptions::zero_bytes_refused). A BDAT without a readable
// size: 501 and close. An HTTP request: 554 and close.
// Lenient where real clients need it: blanks after "FROM:" and "TO:", an address without brackets, any host-like name
// in EHLO, local parts above 64 bytes, BODY=7BIT with 8-bit text (body_kind then tells the truth).
//
// Places left: STARTTLS and AUTH are known and refused (502); AUTH= in MAIL is read and ignored (RFC 4954 §5).
// Owns: its buffers and the message being received. `options` must outlive it.   Threads: one at a time.
// Costs: the body is copied once, from the read buffer; about 1 µs for 10 KiB. Memory: the body (reserved by SIZE= up
// to 256 KiB, then as bytes come), one command line, 16 KiB of replies. Limits: server_options.h.   Errors: none; a
// call that does not fit the step is our bug (CHECK).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_network.h"
#include "model/envelope.h"
#include "model/reply.h"
#include "smtp/body_reader.h"
#include "smtp/command_reader.h"
#include "smtp/server_options.h"
#include "smtp/xclient.h"

namespace penstock::smtp {

enum class ServerStep : std::uint8_t {
  Write,           // send output(), then on_written()
  Read,            // read some bytes, then on_bytes()
  CheckSender,     // MAIL: may envelope().sender send? accept() or refuse()
  CheckRecipient,  // RCPT: may mail go to recipient()? accept() or refuse()
  CheckClient,     // XCLIENT: apply xclient() and accept(), or refuse()
  Message,         // take_message(), then answer()
  Refused,         // the session itself said no; refusal() tells, nothing to do
  Close,           // all is said; close the link
};

// Whose connection it is.
struct Peer {
  IpAddress address;
  std::uint16_t port = 0;
};

struct ReceivedMessage {
  // id, labels, received and first_attempt are left to the caller; peer is the client's address, body_bytes the size.
  model::Envelope envelope;
  std::string body;           // dots undone; every line ends in CRLF, the last one of a BDAT message perhaps in nothing
  std::string_view protocol;  // for the Received line: "SMTP", "ESMTP" or "UTF8SMTP" (RFC 3848, 6531 §4.3)
};

// A reply of class 4 or 5 that the session gave by itself.
struct Refusal {
  model::Step step = model::Step::Connect;  // commands outside a transaction count as Ehlo
  model::Reply reply;
  std::string about;  // the sender or recipient as the client wrote it, or ""; made harmless for logs
};

class ServerSession {
 public:
  ServerSession(const ServerOptions& options, const Peer& peer);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // Works off what has come so far, up to the next thing only the caller can do. The same again until that is done.
  [[nodiscard]] ServerStep next();

  // Write. Valid until on_written().
  [[nodiscard]] std::string_view output() const { return output_; }
  void on_written();
  // Read. `bytes` must stay as they are until next() gives Read or Close again. Any split is fine; all are taken.
  void on_bytes(std::string_view bytes);
  // The client spoke before our banner: 554 5.5.0 in its place, and close. Before the first Write is done only.
  void on_early_bytes();
  // We end the conversation with this reply (421 or, in place of the banner, also 554): an awaited answer() is still
  // taken and told first, a decision is not awaited. Does nothing when it has ended.
  void end(const model::Reply& reply);

  // CheckSender, CheckRecipient, CheckClient. refuse() with code 421 also ends the session.
  void accept();
  void refuse(const model::Reply& reply);
  // Message. The transaction is over whatever the reply; 421 also ends the session.
  [[nodiscard]] ReceivedMessage take_message();
  void answer(const model::Reply& reply);

  // Of the transaction under way: sender, parameters of MAIL and recipients accepted so far.
  [[nodiscard]] const model::Envelope& envelope() const { return envelope_; }
  [[nodiscard]] std::uint64_t declared_bytes() const { return declared_bytes_; }  // SIZE=; 0: none
  [[nodiscard]] const model::Recipient& recipient() const { return recipient_; }
  [[nodiscard]] const Xclient& xclient() const { return xclient_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

  [[nodiscard]] const Peer& peer() const { return peer_; }                     // changed by an accepted XCLIENT
  [[nodiscard]] std::string_view client_name() const { return client_name_; }  // said in EHLO or HELO; "" before
  [[nodiscard]] bool extended() const { return extended_; }                    // EHLO, not HELO
  [[nodiscard]] bool receiving() const { return phase_ == Phase::Data || phase_ == Phase::Chunk; }
  [[nodiscard]] bool in_transaction() const { return has_sender_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }  // answered 2xx

 private:
  enum class Phase : std::uint8_t { Start, Commands, Data, Chunk, Ended };
  enum class Awaited : std::uint8_t { Nothing, Sender, Recipient, Client, Message, Answer };

  const ServerOptions& options_;

  // of the connection
  Peer peer_;
  Phase phase_ = Phase::Start;
  Awaited awaited_ = Awaited::Nothing;
  std::string client_name_;
  bool extended_ = false;
  std::uint64_t messages_ = 0;

  // of the transaction
  model::Envelope envelope_;
  std::uint64_t declared_bytes_ = 0;
  bool has_sender_ = false;

  // what is awaited or told
  model::Recipient recipient_;
  Xclient xclient_;
  Refusal refusal_;
  std::string output_;
};

}  // namespace penstock::smtp
