// SPDX-License-Identifier: Apache-2.0
#include "delivery/engine.h"

#include <algorithm>
#include <future>

namespace penstock::delivery {

Engine::Engine(Parts parts, PlanPtr plan, Backlog backlog)
    : shards_(parts.shards),
      probe_(parts.metrics),
      limits_(parts.shards.size()),
      connections_allowed_(parts.connections_allowed),
      room_(parts.shards.size()) {
  set_room(*plan);
  for (std::size_t i = 0; i < shards_.size(); ++i) per_shard_.push_back(std::make_unique<PerShard>(parts.seed + i));
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto destinations =
        std::make_unique<DestinationTable>(shards_[i], parts.names, places_, parts.resolver, parts.finder, parts.clock,
                                           parts.dns_probe, parts.route_cache, parts.published);
    ShardParts mine{shards_[i],  parts.clock,        parts.spool,   *parts.ports[i], parts.events,
                    parts.names, parts.labels,       parts.readers, parts.signers,   probe_,
                    *this,       per_shard_[i]->rng, limits_,       room_,           shortage_};
    mine.guard = parts.guard;
    mine.tls_reports = parts.published.reports;
    mine.unsubscribe = parts.unsubscribe;
    mine.warmups = parts.warmups;
    per_shard_[i]->dispatcher = std::make_unique<Dispatcher>(mine, std::move(destinations));
    per_shard_[i]->dispatcher->set_plan(plan);
    const auto mine_to_do = backlog.take(i);
    per_shard_[i]->dispatcher->recover(mine_to_do);
  }
}

Engine::~Engine() = default;

void Engine::start() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].post([this, i] { dispatcher(i).start(); });
  }
}

void Engine::set_room(const Plan& plan) {
  room_.set_max(plan.connections_max == 0 ? connections_allowed_
                                          : std::min(plan.connections_max, connections_allowed_));
}

void Engine::set_plan(const PlanPtr& plan) {
  set_room(*plan);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].post([this, i, plan] { dispatcher(i).set_plan(plan); });
  }
}

void Engine::stop() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].post([this, i] { dispatcher(i).stop(); });
  }
}

std::size_t Engine::in_flight() {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    std::promise<std::size_t> answer;
    shards_[i].post([this, i, &answer] { answer.set_value(dispatcher(i).in_flight()); });
    sum += answer.get_future().get();
  }
  return sum;
}

}  // namespace penstock::delivery
