// SPDX-License-Identifier: Apache-2.0
// Engine: the delivery engine of a node: one Dispatcher on each shard. Door of the module.
//
// Use:  Engine engine(parts, plan, std::move(backlog));   engine.start();
//       … on a shard, for a message that has just become durable:  engine.dispatcher(shard.index()).admit(envelope);
//       … engine.set_plan(next);  …  engine.stop();  while (engine.in_flight() > 0) wait;
// Ownership: everything in Parts outlives the engine; the engine outlives the running shards, and the shards' suspended
//   coroutines must be gone (ShardSet destroyed) before it is destroyed.
// Threads: start(), set_plan(), stop(), in_flight() from any thread but a shard's; dispatcher(i) on shard i.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "delivery/backlog.h"
#include "delivery/connection_room.h"
#include "delivery/dispatcher.h"
#include "delivery/own_shortage.h"
#include "dns/host_finder.h"
#include "dns/probe.h"

namespace penstock::delivery {

class Engine final : public Peers {
 public:
  struct Parts {
    net::ShardSet& shards;
    const Clock& clock;
    spool::Spool& spool;
    std::vector<spool::CompletionPort*> ports;  // one for each shard
    model::EventSink& events;
    model::NameTable& names;
    queue::LabelSetTable& labels;
    http::Workers& readers;
    http::Workers& signers;
    dns::Resolver& resolver;
    const dns::HostFinder& finder;
    dns::Probe& dns_probe;
    metrics::Registry& metrics;
    std::uint64_t seed;
    dns::RouteCacheLimits route_cache = {};
    suppression::Guard* guard = nullptr;  // as in ShardParts
    Published published = {};
    const unsubscribe::CurrentTerms* unsubscribe = nullptr;                         // as in ShardParts
    warmup::Desk* warmups = nullptr;                                                // likewise
    std::uint32_t connections_allowed = std::numeric_limits<std::uint32_t>::max();  // to receivers, by our descriptors
  };

  Engine(Parts parts, PlanPtr plan, Backlog backlog);
  ~Engine() override;

  void start();
  // Every shard goes over to it by itself.
  void set_plan(const PlanPtr& plan);
  // Refuse nothing, begin nothing: transactions under way come to their end. See in_flight().
  void stop();
  // Work that still has to come to its end, over all shards. Asks each shard and waits for the answer.
  [[nodiscard]] std::size_t in_flight();

  [[nodiscard]] std::size_t count() const override { return per_shard_.size(); }
  [[nodiscard]] Dispatcher& dispatcher(std::size_t shard) override { return *per_shard_[shard]->dispatcher; }
  // The limits of [[limit]] that are in use; any thread.
  [[nodiscard]] const shaping::SharedLimits& limits() const { return limits_; }
  // Connections to receivers in all, and what the system refused us for them; any thread.
  [[nodiscard]] const ConnectionRoom& room() const { return room_; }
  [[nodiscard]] const OwnShortage& shortage() const { return shortage_; }
  [[nodiscard]] net::Shard& shard(std::size_t index) { return shards_[index]; }

 private:
  struct PerShard {
    explicit PerShard(std::uint64_t seed) : rng(seed) {}
    Rng rng;
    std::unique_ptr<Dispatcher> dispatcher;
  };
  void set_room(const Plan& plan);

  net::ShardSet& shards_;
  Probe probe_;
  shaping::SharedLimits limits_;
  const std::uint32_t connections_allowed_;
  ConnectionRoom room_;
  OwnShortage shortage_;
  PlaceTable places_;
  std::vector<std::unique_ptr<PerShard>> per_shard_;
};

}  // namespace penstock::delivery
