// SPDX-License-Identifier: Apache-2.0
// UnsubscribeService: where links to unsubscribe are answered: module unsubscribe on an HTTP server of its own, with
// the suppression list and the event log behind it.
//
// Use:  UnsubscribeService service(parts, terms, options);   if (auto opened = service.open(); !opened) …
//       service.start();   …   service.stop();      // before what `parts` refer to
// A wish is on disk before it is answered, and is recorded as an `unsubscribed` event; one that comes again changes and
// records nothing.
// Owns: two threads for what blocks, one for the connections: a flood here holds up neither mail nor the admin API.
// Limits: 256 connections, 32 of one address that is no proxy; 10 s for a handshake, for a request to begin and for the
// whole of it; heads of 8 KiB, bodies of 8 KiB.   Errors: open() names the address.
// Threads: open, start and stop by one that is no shard.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "config/config.h"
#include "feedback/decision.h"
#include "http/server.h"
#include "http/workers.h"
#include "metrics/metrics.h"
#include "model/event.h"
#include "net/tls_files.h"
#include "suppression/suppression.h"
#include "unsubscribe/desk.h"

namespace penstock::app {

class UnsubscribeService final : public unsubscribe::Outlet {
 public:
  // What the event log knows of a message's recipient; nothing when it has forgotten.
  using FindSent = std::function<std::optional<feedback::SentRecipient>(model::RecipientId)>;
  // All outlive the service.
  struct Parts {
    const Clock& clock;
    suppression::Suppression& list;
    model::EventSink& events;
    metrics::Registry& metrics;
    FindSent find_sent;
  };

  UnsubscribeService(Parts parts, const unsubscribe::CurrentTerms& terms, const config::Unsubscribe& settings);
  ~UnsubscribeService() override;

  [[nodiscard]] Result<> open();
  void start();
  void stop();

  Result<> unsubscribe(const unsubscribe::Wish& wish, const std::string& client) override;

 private:
  void record(const unsubscribe::Wish& wish, const std::string& client);
  [[nodiscard]] net::Task<http::Response> respond(http::Request request);

  const Parts parts_;
  metrics::Counter& pages_;
  metrics::Counter& refused_;
  metrics::Counter& unsubscribed_;
  unsubscribe::Desk desk_;
  const net::TlsServerFiles tls_files_;
  std::unique_ptr<net::TlsFiles> tls_;  // none: plain HTTP
  http::Workers workers_;
  net::ShardSet shards_;  // destroyed before the workers' object, after their threads: see stop()
  http::Server server_;
  bool stopped_ = false;
};

}  // namespace penstock::app
