// SPDX-License-Identifier: Apache-2.0
// PublishedTls: what recipient domains publish about TLS, as a node keeps it: MTA-STS policies, and the counts and
// reports of TLS-RPT; with the timers that keep them fresh.
//
// Use:  auto tls = PublishedTls::open(parts, config);   engine parts take (*tls)->for_deliveries();   (*tls)->start(…);
//       … (*tls)->flush();      // before state.db is stopped
// Threads: open, start and flush by the node's thread; the rest on shards.   Ownership: parts outlive it; it outlives
// the shards' coroutines.   Errors: of state.db.
#pragma once

#include <memory>

#include "app/tls_reporter.h"
#include "base/result.h"
#include "config/config.h"
#include "delivery/destination_table.h"
#include "dns/resolver.h"
#include "mtasts/policies.h"
#include "state/writer.h"

namespace penstock::app {

class PublishedTls {
 public:
  struct Parts {
    net::ShardSet& shards;
    dns::Resolver& resolver;
    state::Writer& state;
    const Clock& clock;
    metrics::Registry& metrics;
    net::TlsContextPtr tls;
  };
  [[nodiscard]] static Result<std::unique_ptr<PublishedTls>> open(Parts parts, const config::Config& config);

  [[nodiscard]] delivery::Published for_deliveries();
  [[nodiscard]] mtasts::Policies& policies() { return *policies_; }
  // What the reporter needs of the rest of the node. Call once, after the shards have started.
  struct Outgoing {
    spool::Spool& spool;
    spool::CompletionPort& port;
    ingest::Handover& handover;
    http::Workers& readers;
  };
  void start(Outgoing outgoing, TlsReporter::Configuration configuration);
  // Writes down what was counted.
  void flush();

 private:
  PublishedTls(Parts parts, const config::Config& config);
  Parts parts_;
  mtasts::Probe probe_;
  mtasts::Fetcher fetcher_;
  std::unique_ptr<mtasts::Store> store_;
  std::unique_ptr<mtasts::Policies> policies_;
  std::unique_ptr<tlsrpt::Collector> collector_;  // null: no reports
  std::unique_ptr<TlsReporter> reporter_;
};

}  // namespace penstock::app
