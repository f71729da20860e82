// SPDX-License-Identifier: Apache-2.0
// Entrance: what the services of ingest work with, in a test: a spool in memory, recorded events and hand-overs.
// Threads: a shard runs on a thread of its own once started; everything here may be asked from the test's thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "config/load.h"
#include "ingest/smtp_service.h"
#include "metrics/metrics.h"
#include "spool/test/box.h"

namespace penstock::ingest {

// An event with strings of its own, as far as tests look at it.
struct Recorded {
  model::EventType type;
  model::MessageId message;
  std::string recipient, sender, stream, peer_address, detail, tenant, envelope_id;
  std::uint64_t bytes;
  model::Reply reply;
};

class Entrance final : public model::EventSink, public Handover {
 public:
  explicit Entrance(const std::string& config);
  ~Entrance() override;
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  void record(const model::Event& event) override;
  void accepted(std::size_t shard, const model::Envelope& envelope) override;
  [[nodiscard]] std::vector<Recorded> events(model::EventType type) const;
  [[nodiscard]] std::vector<model::Envelope> handed_over() const;
  // Waits until so many messages were handed over.
  void wait_for(std::size_t messages);
  [[nodiscard]] Services services();
  // Stops the shard and destroys it with all that is suspended there: before the services that it refers to.
  void close();

  spool::Box box;
  std::shared_ptr<const config::Config> config;
  CurrentPlan plan;
  metrics::Registry registry;
  Probe probe{registry};
  std::unique_ptr<net::ShardSet> shards = std::make_unique<net::ShardSet>(1);

 private:
  std::unique_ptr<spool::CompletionPort> port_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Recorded> events_;            // guarded by mutex_
  std::vector<model::Envelope> envelopes_;  // guarded by mutex_
};

}  // namespace penstock::ingest
