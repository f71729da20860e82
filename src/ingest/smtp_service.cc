// SPDX-License-Identifier: Apache-2.0
#include "ingest/smtp_service.h"

#include "base/log.h"
#include "ingest/smtp_connection.h"

namespace penstock::ingest {

SmtpService::SmtpService(Services services, net::ShardSet& shards, std::string listener)
    : services_(std::move(services)), shards_(shards), listener_(std::move(listener)) {
  for (std::size_t i = 0; i < shards_.size(); ++i) open_.push_back(std::make_unique<Connections>());
}

SmtpService::~SmtpService() = default;

net::Task<> SmtpService::serve(std::unique_ptr<net::Stream> stream) {
  const PlanPtr plan = services_.plan.load();
  const config::Listener* listener = plan->find_listener(listener_);
  if (listener == nullptr) co_return;  // a reload took it away while its socket was still open
  Connections& open = *open_[stream->shard().index()];
  SmtpConnection connection(*this, std::move(stream), plan, *listener);
  open.push_back(connection);
  co_await connection.run();
}

void SmtpService::drain(bool on) {
  draining_ = on;
  if (!on) return;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].post([this, i] {
      for (SmtpConnection& connection : *open_[i]) connection.drain();
    });
  }
}

}  // namespace penstock::ingest
