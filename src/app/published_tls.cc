// SPDX-License-Identifier: Apache-2.0
#include "app/published_tls.h"

namespace penstock::app {
namespace {

constexpr std::chrono::seconds kRefresh{60};
constexpr std::chrono::seconds kFlush{30};
constexpr std::chrono::seconds kFirstReports{5};  // after the start
constexpr std::chrono::minutes kReports{10};

mtasts::FetchOptions fetch_options(const net::TlsContextPtr& tls, const config::Config& config) {
  mtasts::FetchOptions options;
  options.tls = tls;
  options.port = static_cast<std::uint16_t>(config.tls.mta_sts_port);
  options.private_hosts = config.tls.private_hosts;
  return options;
}

net::Task<> first_reports(TlsReporter& reporter, net::Shard& shard) {
  co_await net::sleep_for(kFirstReports);
  co_await reporter.run_once(shard);
}

}  // namespace

PublishedTls::PublishedTls(Parts parts, const config::Config& config)
    : parts_(std::move(parts)), probe_(parts_.metrics), fetcher_(parts_.resolver, fetch_options(parts_.tls, config)) {}

Result<std::unique_ptr<PublishedTls>> PublishedTls::open(Parts parts, const config::Config& config) {
  std::unique_ptr<PublishedTls> made(new PublishedTls(std::move(parts), config));
  auto store = mtasts::Store::open(made->parts_.state, made->parts_.clock);
  if (!store) return fail(store.error());
  made->store_ = std::move(*store);
  made->policies_ = std::make_unique<mtasts::Policies>(mtasts::Policies::Parts{
      made->parts_.shards, made->parts_.resolver, made->fetcher_, *made->store_, made->parts_.clock, made->probe_});
  if (!config.tls_report.enabled()) return made;
  auto collector = tlsrpt::Collector::open(made->parts_.state, made->parts_.clock);
  if (!collector) return fail(collector.error());
  made->collector_ = std::move(*collector);
  return made;
}

delivery::Published PublishedTls::for_deliveries() {
  return {policies_.get(), collector_.get()};
}

void PublishedTls::start(Outgoing outgoing, TlsReporter::Configuration configuration) {
  net::Shard& shard = parts_.shards[0];
  if (collector_) {
    reporter_ = std::make_unique<TlsReporter>(
        TlsReporter::Parts{parts_.clock, *collector_, parts_.resolver, outgoing.spool, outgoing.port, outgoing.handover,
                           outgoing.readers, parts_.tls, parts_.metrics},
        std::move(configuration));
  }
  shard.post([this, &shard] {
    shard.every(kRefresh, [this, &shard] { shard.spawn("mta-sts refresh", policies_->refresh(shard)); });
    if (!collector_) return;
    shard.every(kFlush, [this] { collector_->flush(); });
    shard.every(kReports, [this, &shard] { shard.spawn("tls reports", reporter_->run_once(shard)); });
    shard.spawn("tls reports", first_reports(*reporter_, shard));
  });
}

void PublishedTls::flush() {
  if (collector_) collector_->flush(true);
}

}  // namespace penstock::app
