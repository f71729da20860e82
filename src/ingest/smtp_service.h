// SPDX-License-Identifier: Apache-2.0
// SmtpService: takes mail by SMTP on one listener's connections.
//
// Use:  SmtpService service(services, "127.0.0.1:2525");
//       net::Listener listener(shards, endpoint, name, [&](auto stream) { return service.serve(std::move(stream)); });
//       … service.drain(true);   // new connections and sessions between messages get 421
// A message is acknowledged after the spool says that it is durable, and handed to the delivery engine of the same
// shard; every recipient is an Accepted event, every refusal a Rejected one.
// Ownership: everything in Services outlives it; it outlives the shards' coroutines.
// Threads: serve() on any shard; the rest from any thread.   Limits: those of the listener's configuration.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer_pool.h"
#include "base/clock.h"
#include "feedback/inbox.h"
#include "ingest/connection_counts.h"
#include "ingest/plan.h"
#include "ingest/probe.h"
#include "ingest/sign_in.h"
#include "ingest/store.h"
#include "model/event.h"
#include "net/shard.h"
#include "net/stream.h"
#include "suppression/guard.h"

namespace penstock::ingest {

struct Services {
  const Clock& clock;
  spool::Spool& spool;
  std::vector<spool::CompletionPort*> ports;  // one for each shard
  model::EventSink& events;
  Handover& handover;
  const CurrentPlan& plan;
  Probe& probe;
  suppression::Guard* guard = nullptr;  // who must not be mailed; nullptr: nobody is suppressed
  feedback::Inbox* reports = nullptr;   // takes mail for report domains; nullptr: it is refused for now
  SignInDesk* sign_in = nullptr;        // nullptr: nobody can sign in
  // Of all listeners together, by our descriptors; the max_connections of each hold as well. nullptr: no such bound.
  ConnectionCounts* all_listeners = nullptr;
  std::uint32_t connections_allowed = std::numeric_limits<std::uint32_t>::max();
};

class SmtpConnection;

class SmtpService {
 public:
  // `listener` is a name that the plan in force has.
  SmtpService(Services services, net::ShardSet& shards, std::string listener);
  ~SmtpService();
  SmtpService(const SmtpService&) = delete;
  SmtpService& operator=(const SmtpService&) = delete;

  net::Task<> serve(std::unique_ptr<net::Stream> stream);
  // On: nothing new is taken; a message under way still is. Off: mail is taken again.
  void drain(bool on);
  [[nodiscard]] bool draining() const { return draining_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t connections() const { return counts_.all(); }
  [[nodiscard]] const std::string& listener() const { return listener_; }
  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] ConnectionCounts& counts() { return counts_; }

 private:
  friend class SmtpConnection;
  using Connections = boost::intrusive::list<SmtpConnection, boost::intrusive::constant_time_size<false>>;

  const Services services_;
  net::ShardSet& shards_;
  const std::string listener_;
  ConnectionCounts counts_;
  BufferPool buffers_;  // of messages between admission and the end of their stay in memory
  std::atomic<bool> draining_{false};
  std::vector<std::unique_ptr<Connections>> open_;  // each touched by its shard
};

}  // namespace penstock::ingest
