// SPDX-License-Identifier: Apache-2.0
// TlsReporter: sends the reports of TLS (RFC 8460) of days that are over, by mail through our own spool or by HTTPS.
//
// Use:  co_await reporter.run_once(shard);      // every few minutes; looks what is due
// A report goes to all addresses of the domain's record; it is done with when one of them has taken it. What fails is
// tried again kRetry later, kAttempts times in all (RFC 8460 §5.3 and §5.4 want a day), then given up and logged.
// Threads: the first shard.   Ownership: all parts outlive the shards' coroutines.
// Limits: Collector::kDueEach reports each time; a POST has ten seconds to connect, and ten for each further step.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "dns/resolver.h"
#include "http/workers.h"
#include "ingest/store.h"
#include "metrics/metrics.h"
#include "net/tls_context.h"
#include "spool/spool.h"
#include "tlspolicy/report_record.h"
#include "tlsrpt/collector.h"

namespace penstock::app {

class TlsReporter {
 public:
  static constexpr std::uint32_t kAttempts = 8;
  static constexpr Duration kRetry{std::chrono::hours{3}};

  struct Parts {
    const Clock& clock;
    tlsrpt::Collector& collector;
    dns::Resolver& resolver;
    spool::Spool& spool;
    spool::CompletionPort& port;  // of the first shard
    ingest::Handover& handover;
    http::Workers& readers;
    net::TlsContextPtr tls;
    metrics::Registry& metrics;
  };
  // The configuration in force, asked for at each run.
  using Configuration = std::function<std::shared_ptr<const config::Config>()>;

  TlsReporter(Parts parts, Configuration configuration);
  [[nodiscard]] net::Task<> run_once(net::Shard& shard);

 private:
  [[nodiscard]] net::Task<bool> send(net::Shard& shard, tlsrpt::Due due, std::shared_ptr<const config::Config> config);
  [[nodiscard]] net::Task<bool> mail(net::Shard& shard, const tlsrpt::Report& report, const std::string& packed,
                                     std::string to, std::shared_ptr<const config::Config> config);
  [[nodiscard]] net::Task<bool> post(net::Shard& shard, std::string url, const std::string& packed, bool private_hosts);

  Parts parts_;
  const Configuration configuration_;
  metrics::Counter& sent_;
  metrics::Counter& failed_;
  metrics::Counter& given_up_;
  bool running_ = false;
};

}  // namespace penstock::app
