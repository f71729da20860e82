// SPDX-License-Identifier: Apache-2.0
// ServerSession: our side of one SMTP connection from a client that gives us mail (RFC 5321, 1870, 2034, 2920, 3030,
// 3461, 4954, 6152, 6531; Postfix's XCLIENT).
//
// Sans-IO: it decides what is said and what is taken; the caller owns socket, deadlines, policy and spool. Use, after
// the link is up (and the PROXY header, if any, was read: proxy_protocol.h):
//   ServerSession session(options, peer);
//   if (client_spoke_first) session.on_early_bytes();
//   for (;;) switch (session.next()) {
//     case ServerStep::Write: write(session.output()); session.on_written(); break;
//     case ServerStep::Read: session.on_bytes(read_some(buffer)); break;  // leave the buffer until the next Read
//     case ServerStep::CheckSender: …(session.envelope().sender) ? session.accept() : session.refuse(reply); break;
//     case ServerStep::CheckRecipient: …(session.recipient()) ? session.accept() : session.refuse(reply); break;
//     case ServerStep::CheckClient: …(session.xclient()) ? session.accept() : session.refuse(reply); break;
//     case ServerStep::Authenticate: …(session.auth_mechanism(), session.auth_response())
//       ? session.authenticated(user) : session.challenge(text), or session.refuse(reply); break;
//     case ServerStep::Message: message = session.take_message(); session.answer(await spool(message)); break;
//     case ServerStep::Refused: record(session.refusal()); break;  // the next next() goes on
//     case ServerStep::Handshake: …accept_tls() ? session.on_tls() : close; break;
//     case ServerStep::Close: shut down writing, drain for a moment, close; return;
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
// STARTTLS (RFC 3207): after it all is forgotten but who the peer is, and what came in clear behind it is not obeyed;
// for a link that is encrypted from its beginning call on_tls() before the first next().
//
// AUTH (RFC 4954): the session does its framing only; the mechanisms are the caller's (sasl/server_exchange.h). It is
// offered where nobody can listen: encrypted, or ServerOptions' word for it. A mechanism asked for elsewhere gets 538
// and the response that came with it is not looked at. AUTH= in MAIL is read and ignored (§5). No response of a client
// gets into refusals.
//
// Owns: its buffers and the message being received.
// `options` must outlive it.   Threads: one at a time. Costs: the body is copied once, from the read buffer; about 2.5
// µs for a message of 10 KiB with its commands, 1.5 of it for the body (bench_smtp). Memory: the body (reserved by
// SIZE= up to 256 KiB, then as bytes come), one command line, 16 KiB of replies. Limits: server_options.h.   Errors:
// none; a call that does not fit the step is our bug (CHECK).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_network.h"
#include "model/envelope.h"
#include "model/reply.h"
#include "smtp/body_reader.h"
#include "smtp/command.h"
#include "smtp/command_reader.h"
#include "smtp/parameters.h"
#include "smtp/path.h"
#include "smtp/server_options.h"
#include "smtp/server_replies.h"
#include "smtp/xclient.h"

namespace penstock::smtp {

enum class ServerStep : std::uint8_t {
  Write,           // send output(), then on_written()
  Read,            // read some bytes, then on_bytes()
  CheckSender,     // MAIL: may envelope().sender send? accept() or refuse()
  CheckRecipient,  // RCPT: may mail go to recipient()? accept() or refuse()
  CheckClient,     // XCLIENT: apply xclient() and accept(), or refuse()
  Message,         // take_message(), then answer()
  Authenticate,    // AUTH: auth_mechanism() and auth_response(): challenge(), authenticated() or refuse()
  Handshake,       // the answer to STARTTLS is written: shake hands, then on_tls(), or drop the link
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
  std::string_view protocol;  // for the Received line: "SMTP", "ESMTPSA", "UTF8SMTP", … (RFC 3848, 6531 §4.3)
};

// A reply of class 4 or 5 that the session gave by itself.
struct Refusal {
  model::Step step = model::Step::Connect;  // commands outside a transaction count as Ehlo
  model::Reply reply;
  std::string about;         // the sender or recipient as the client wrote it, or ""; made harmless for logs
  model::Envelope envelope;  // of the message, when it is the message that was refused; else empty
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

  // CheckSender, CheckRecipient, CheckClient. refuse() with code 421 also ends the session. Of Authenticate, refuse()
  // ends the exchange.
  void accept();
  // Authenticate: the client's next response is awaited, to this challenge; or it has proved to be this user.
  void challenge(std::string_view text);
  void authenticated(std::string user);
  // Handshake: the link is encrypted from here on.
  void on_tls();
  [[nodiscard]] bool is_tls() const { return tls_; }
  void refuse(const model::Reply& reply);
  // Message. The transaction is over whatever the reply; 421 also ends the session.
  [[nodiscard]] ReceivedMessage take_message();
  void answer(const model::Reply& reply);

  // Spares the next message an allocation: its body may use the room of this string (its text is of no matter), of
  // body_room() bytes at best.
  [[nodiscard]] std::size_t body_room() const { return BodyReader::room_for(declared_bytes_); }
  void lend_room(std::string room) { body_.lend(std::move(room)); }

  // Of the transaction under way: sender, parameters of MAIL and recipients accepted so far.
  [[nodiscard]] const model::Envelope& envelope() const { return envelope_; }
  [[nodiscard]] std::uint64_t declared_bytes() const { return declared_bytes_; }  // SIZE=; 0: none
  [[nodiscard]] const model::Recipient& recipient() const { return recipient_; }
  [[nodiscard]] const Xclient& xclient() const { return xclient_; }
  // Of Authenticate: as in Offers::auth; and what the client answered, decoded: nothing when it waits to be asked.
  // Valid until the next next().
  [[nodiscard]] const std::string& auth_mechanism() const { return auth_mechanism_; }
  [[nodiscard]] const std::optional<std::string>& auth_response() const { return auth_response_; }
  [[nodiscard]] bool auth_continues() const { return phase_ == Phase::Auth; }  // it answers a challenge
  [[nodiscard]] const std::string& user() const { return user_; }              // who signed in; "": nobody
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

  [[nodiscard]] const Peer& peer() const { return peer_; }                     // changed by an accepted XCLIENT
  [[nodiscard]] std::string_view client_name() const { return client_name_; }  // said in EHLO or HELO; "" before
  [[nodiscard]] bool extended() const { return extended_; }                    // EHLO, not HELO
  [[nodiscard]] bool receiving() const { return phase_ == Phase::Data || phase_ == Phase::Chunk; }
  // A message is under way: between BDAT chunks too.
  [[nodiscard]] bool message_begun() const { return receiving() || chunks_begun_; }
  [[nodiscard]] bool in_transaction() const { return has_sender_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }  // answered 2xx

 private:
  enum class Phase : std::uint8_t { Commands, Auth, Data, Chunk, Ended };
  // What only the caller can give. Answer: the message was taken and is being stored.
  enum class Awaited : std::uint8_t { Nothing, Sender, Recipient, Client, Auth, Tls, Message, Answer };

  // Flow, in server_session.cc. The take_ functions work off input and return false when they need more.
  bool take_input();
  bool take_command();
  bool take_data();
  bool take_chunk();
  void finish(const model::Reply& reply);
  void say(const model::Reply& reply) { append_reply(output_, reply); }
  void say(std::string_view line) { output_.append(line); }
  enum class Blame : std::uint8_t { Client, Nobody };
  void refuse_it(model::Step step, const model::Reply& reply, std::string_view about = {}, Blame blame = Blame::Client);
  void refuse_and_finish(model::Step step, const model::Reply& reply);
  void restart(std::string_view client_name, bool extended);
  void reset_transaction();

  // Commands, in server_commands.cc.
  void obey(std::string_view line);
  void obey_command(Verb verb, std::string_view argument);
  void on_hello(std::string_view name, bool extended);
  void on_xclient(std::string_view argument);
  void on_start_tls(std::string_view argument);
  void on_rset(std::string_view argument);
  void on_vrfy(std::string_view argument);
  [[nodiscard]] model::Step step() const { return has_sender_ ? model::Step::Mail : model::Step::Ehlo; }
  // Refuses and ends the session when the client did not wait where it must.
  [[nodiscard]] bool check_synchronised();

  // AUTH, in server_auth.cc.
  void on_auth(std::string_view argument);
  void on_auth_response(std::string_view line);
  void end_auth();
  [[nodiscard]] bool offers_mechanism(std::string_view name) const;

  // Mail, in server_mail.cc.
  void on_mail(std::string_view argument);
  void on_rcpt(std::string_view argument);
  void on_data(std::string_view argument);
  void on_bdat(std::string_view argument);
  void finish_chunk();
  void finish_message();
  void refuse_message(BodyReader::Defect defect, model::Envelope envelope);
  void refuse_path(model::Step step, PathProblem problem, std::string_view about);
  void refuse_parameter(model::Step step, const ParameterProblem& problem);
  [[nodiscard]] bool lacks_recipients(model::Step step);

  const ServerOptions& options_;

  // of the connection
  Peer peer_;
  std::string peer_text_;
  Phase phase_ = Phase::Commands;
  Awaited awaited_ = Awaited::Nothing;
  CommandReader commands_;
  std::string_view input_;  // the caller's, not yet worked off
  std::string output_;
  std::string client_name_;
  std::optional<model::Reply> ending_;  // to be said after the awaited answer
  std::uint64_t messages_ = 0;
  std::uint32_t errors_since_message_ = 0;
  std::uint32_t commands_since_message_ = 0;
  std::uint64_t discarded_bytes_ = 0;  // of chunks that belong to nothing, since the last message
  std::string user_;                   // signed in
  std::string auth_mechanism_;         // of the exchange under way
  std::optional<std::string> auth_response_;
  bool extended_ = false;
  bool banner_written_ = false;
  bool tls_ = false;

  // of the transaction
  model::Envelope envelope_;
  BodyReader body_;
  std::uint64_t declared_bytes_ = 0;
  std::uint64_t chunk_bytes_ = 0;  // of the present chunk
  std::uint64_t chunk_left_ = 0;   // of it, not yet read
  bool has_sender_ = false;
  bool tried_recipient_ = false;
  bool chunks_begun_ = false;
  bool chunks_failed_ = false;  // the transaction is lost, whatever chunks follow
  bool chunk_is_last_ = false;
  bool chunk_is_stray_ = false;  // belongs to no transaction

  // what is awaited or told
  model::Recipient recipient_;
  Xclient xclient_;
  Refusal refusal_;
  bool refusal_untold_ = false;
};

}  // namespace penstock::smtp
