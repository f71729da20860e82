// SPDX-License-Identifier: Apache-2.0
// SmtpConnection: the thin shell around smtp::ServerSession: socket, deadlines, who may relay, and the way to the
// spool. Private to SmtpService.   Threads: the stream's shard.   Lives in the frame of SmtpService::serve.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string>

#include "ingest/smtp_service.h"
#include "net/deadline.h"
#include "smtp/server_session.h"

namespace penstock::ingest {

class SmtpConnection
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  SmtpConnection(SmtpService& service, std::unique_ptr<net::Stream> stream, PlanPtr plan,
                 const config::Listener& listener);
  ~SmtpConnection();
  SmtpConnection(const SmtpConnection&) = delete;
  SmtpConnection& operator=(const SmtpConnection&) = delete;

  net::Task<> run();
  // If it waits for a command between messages, it ends with 421.
  void drain();

 private:
  // Reads the PROXY header where the peer must send one; false: the link is of no use.
  net::Task<bool> read_proxy_header();
  // 554 or 421 instead of a banner, then the end.
  net::Task<> turn_away(model::Reply reply);
  net::Task<> converse();
  // False: the link is of no use.
  net::Task<bool> shake_hands();
  net::Task<> read();
  net::Task<> take_message();
  net::Task<> take_report(smtp::ReceivedMessage message);
  net::Task<> close_gently();
  // AUTH: one step of the exchange, in smtp_connection_auth.cc.
  net::Task<> sign_in();
  net::Task<std::optional<users::FailureBook::Attempt>> wait_for_attempt();
  net::Task<> refuse_sign_in(AuthFailure failure, std::optional<users::FailureBook::Attempt> attempt);
  [[nodiscard]] bool is_banned() const;
  void refuse_banned();
  void welcome(users::AccountPtr account);
  void forget_user();
  // Nothing, or why the signed-in user may not send this now.
  [[nodiscard]] std::optional<model::Reply> find_user_refusal();
  void check_sender();
  void check_recipient();
  void refuse_recipient(const model::Reply& reply);
  // The reply to a recipient who must not be mailed, unless the listener accepts and records.
  [[nodiscard]] std::optional<model::Reply> find_suppression() const;
  void record_session_refusal();
  void record_refused(model::Step step, const model::Reply& reply, std::string_view sender, std::string_view recipient);
  // A whole message: one event for each recipient.
  void record_refused(const model::Reply& reply, const model::Envelope& envelope);
  [[nodiscard]] model::Event event_of(model::EventType type) const;
  // What is left for the command awaited, or for the next piece of the message and the message as a whole.
  [[nodiscard]] Duration read_timeout();
  // Who signed in or is of relay_from. An address that a proxy did not tell is of nothing.
  [[nodiscard]] bool is_trusted() const;
  // Whether mail may go to the recipient that is asked about.
  [[nodiscard]] bool may_relay() const;
  // Whether the transaction is one of reports: its first recipient says.
  [[nodiscard]] bool is_report(std::string_view address) const;
  [[nodiscard]] smtp::ServerOptions session_options() const;

  SmtpService& service_;
  const std::unique_ptr<net::Stream> stream_;
  const PlanPtr plan_;                // keeps listener_ alive
  const config::Listener& listener_;  // as it was when the connection began
  IpAddress peer_;
  std::uint16_t peer_port_;
  std::string peer_text_;
  smtp::ServerOptions options_;
  std::optional<smtp::ServerSession> session_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<SignIn> sign_in_;  // the exchange under way
  users::AccountPtr account_;        // who signed in
  std::optional<users::Usage::Place> user_place_;
  std::uint32_t sign_in_failures_ = 0;
  net::TlsContextPtr tls_context_;                 // null: TLS is not offered
  net::TlsFacts tls_;                              // empty: in clear
  std::string early_;                              // what came behind the PROXY header
  std::optional<Time> message_deadline_;           // from the message's first piece to its last
  std::optional<net::Deadline> command_deadline_;  // kept until something is answered
  bool client_unknown_ = false;                    // a proxy speaks for itself, or for somebody it does not name
  bool reading_ = false;
  bool drained_ = false;
  bool lost_ = false;
};

}  // namespace penstock::ingest
