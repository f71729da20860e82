// SPDX-License-Identifier: Apache-2.0
// Connection: one connection of a lane, from the permit to the last byte: finds a host that answers, carries batches,
// waits idle for more, ends.
//
// The thin shell around smtp::ClientSession: it owns socket and deadlines, the session decides what is said.
// Use:  shard.spawn("connection", Connection::run(std::make_shared<Connection>(dispatcher, lane, place, permit)));
// Threads: the shard's.   Ownership: dispatcher and lane must outlive it: a lane with connections is not dropped.
// Errors: none; what happens becomes outcomes of recipients, and trouble of the path.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "delivery/attempted.h"
#include "delivery/connection_room.h"
#include "delivery/dkim_plan.h"
#include "delivery/path.h"
#include "delivery/plan.h"
#include "dns/hosts.h"
#include "net/deadline.h"
#include "net/stream.h"
#include "sasl/client_exchange.h"
#include "shaping/limit_key.h"
#include "shaping/path_limiter.h"
#include "smtp/client_session.h"

namespace penstock::delivery {

class Dispatcher;

class Connection final : public IdleConnection {
 public:
  Connection(Dispatcher& dispatcher, Lane& lane, ConnectionRoom::Place place, shaping::ConnectionPermit permit);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static net::Task<> run(std::shared_ptr<Connection> self);
  void wake(bool quit) override;

 private:
  struct Hop {  // one place to connect to
    net::Endpoint endpoint;
    std::string host;     // its name
    std::string address;  // "192.0.2.1", or "unix"
    std::string source;   // our address; "" lets the system choose
    const HostTls* tls;   // what TLS must be there; of destination_ or plain_tls_
    bool implicit_tls = false;
  };

  net::Task<> serve();
  net::Task<> wait_for_close();
  // A connected, greeted session, or nothing; failure_ tells why.
  net::Task<bool> reach_host();
  net::Task<bool> reach(const Hop& hop);
  net::Task<bool> try_hop(const Hop& hop);
  void note_session(const Hop& hop);
  net::Task<bool> greet(const Hop& hop, smtp::StartTls start_tls);
  net::Task<> shake_hands();
  // "" when the link is encrypted from here on, else why it is not.
  net::Task<std::string> encrypt();
  // To a relay that is a service, in connection_sign_in.cc.
  net::Task<> sign_in();
  [[nodiscard]] bool is_signed_in();
  [[nodiscard]] smtp::StartTls start_tls_with(const Hop& hop);
  [[nodiscard]] std::vector<Hop> list_hops();
  // Lets the session talk until it is Idle or Closed.
  net::Task<> talk();
  [[nodiscard]] const Timeouts& timeouts() const { return *timeouts_; }
  [[nodiscard]] Duration timeout_for(model::Step step, bool writing) const;
  // What is left for the whole reply to `step`; counted from its first read, or since something was written.
  [[nodiscard]] Duration reply_timeout(model::Step step);
  // Makes the DKIM signatures of the transaction under way and gives them to the session.
  net::Task<> sign();
  [[nodiscard]] std::shared_ptr<const std::string> body_of(const Batch& batch) const;
  void choose_signers(const Batch& batch);
  net::Task<> carry(std::vector<queue::QueuedRecipient> recipients);
  // Takes those out who must not be mailed and settles them; false: nobody is left.
  bool drop_suppressed(Batch& batch);
  void settle(Batch& batch, const Attempted& attempted);
  // What the attempt is about, for actions and limits; made once per transaction.
  const shaping::LimitKey& facts_about(const Batch& batch);
  // False: not soon; the connection is to end.
  net::Task<bool> wait_for_rate(std::uint32_t recipients);
  void note_capacity(Time began);
  void note_answer(model::Step step, Duration took);
  // Who has been delivered so far, as soon as the receiver has said so.
  void note_delivered();
  // True when there is work again; false when the connection is to end.
  net::Task<bool> wait_for_work();
  net::Task<> drop_silently();  // the null route
  [[nodiscard]] bool usable() const;
  [[nodiscard]] bool should_yield() const;
  [[nodiscard]] Attempted facts() const;

  Dispatcher& dispatcher_;
  Lane& lane_;
  const DestinationPtr destination_;
  const PlanPtr plan_;  // the one in force when it was opened
  const TimeoutsPtr timeouts_;
  const HostTls plain_tls_;  // where the destination says nothing of single hosts
  std::optional<ConnectionRoom::Place> place_;
  shaping::ConnectionPermit permit_;
  const std::uint64_t number_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<smtp::ClientSession> session_;
  std::optional<net::Deadline> reply_deadline_;  // of the reply awaited
  std::uint64_t replies_before_ = 0;             // it
  shaping::AttemptFacts answer_times_;           // of the transaction under way
  std::string host_;                             // the one we are connected to
  const HostTls* host_tls_;                      // and what TLS must be there
  std::string extensions_;                       // that it offers, as events tell it
  net::TlsFacts tls_;                            // empty: in clear
  bool short_ = false;                           // the system has no socket for us
  bool tls_failed_ = false;                      // the handshake
  bool tls_timed_out_ = false;
  std::unique_ptr<sasl::ClientExchange> exchange_;  // signing in
  model::Outcome failure_;
  // Of the transaction under way.
  const Batch* carried_ = nullptr;
  std::size_t noted_ = 0;  // outcomes that note_delivered() has seen to
  std::shared_ptr<const std::string> body_;
  std::string sender_;  // for MAIL FROM
  DkimPlan::Signers signers_;
  SignedFields signed_;
  std::string dkim_domain_;                 // of its first signature
  std::optional<shaping::LimitKey> about_;  // see facts_about
  bool limited_ = false;                    // no host was tried: limits on all of them have no room, or we lack sockets
  bool signed_unsent_ = false;              // and nothing of the body has been written yet
  Time last_carried_{};                     // end of the last transaction
  bool opening_ = true;
  bool woken_ = false;
  bool quit_ = false;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    net::Executor>
      timer_;
};

}  // namespace penstock::delivery
