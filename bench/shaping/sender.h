// SPDX-License-Identifier: Apache-2.0
// Sender: drives the real limiters, queues and retry plans against receivers in simulated time, in the order in which
// delivery::Dispatcher and delivery::Connection do it with sockets.
//
// Real: shaping::PathLimiter and all below it, queue::FairQueue, queue::CalendarQueue, queue::RetryPlan, pins in
// queue::QueuedRecipient. Simulated: receivers, the network's latency, and this loop.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "measure.h"
#include "queue/calendar_queue.h"
#include "queue/fair_queue.h"
#include "queue/retry_plan.h"
#include "receiver.h"
#include "shaping/path_limiter.h"

namespace penstock::bench {

class Sender {
 public:
  Sender(const Scenario& scenario, std::uint64_t seed);
  // Until all mail is through, or the scenario's longest time is over.
  Figures run();
  // Per second, of the first vMTA's paths: filled by run().
  [[nodiscard]] const std::vector<PlotSeries>& plot() const { return plot_; }

 private:
  struct Path {
    Path(std::shared_ptr<shaping::Limiter> own, queue::ChunkPool& pool, const queue::LabelSetTable& labels)
        : limiter({std::move(own)}), ready(pool, labels) {}
    shaping::PathLimiter limiter;
    queue::FairQueue ready;
    std::unique_ptr<Receiver> receiver;
    std::uint32_t vmta = 0, provider = 0, number = 0;
    std::uint32_t opening = 0;
    bool scheduled = false;
    std::vector<std::uint32_t> idle;  // connections, the newest is used first
    PathMeasure measure;
  };
  struct Connection {
    std::optional<shaping::ConnectionPermit> permit;
    std::uint32_t path = 0;
    std::uint32_t version = 0;  // events of an earlier life are stale
    bool waits = false;         // stands in idle
    std::optional<queue::QueuedRecipient> recipient;
    Receiver::Answer answer;
    Time began{};
    Duration mail_took{0};
  };
  enum class What : std::uint8_t { Connected, Pace, MailArrives, Done, Ended, IdleOver, Wake, Tick, Inject, Second };
  struct Event {
    Time at;
    std::uint64_t order;
    What what;
    std::uint32_t who;
    std::uint32_t version;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  void fill();
  void at(Time when, What what, std::uint32_t who = 0, std::uint32_t version = 0);
  void at(Duration in, What what, std::uint32_t connection);
  void handle(const Event& event);
  void route(const queue::QueuedRecipient& recipient);
  void nudge(Path& path);
  void pump(Path& path);
  void open(Path& path, shaping::ConnectionPermit permit);
  void connected(std::uint32_t number);
  void next(std::uint32_t number);
  void pace(std::uint32_t number);
  void mail_arrives(std::uint32_t number);
  void done(std::uint32_t number);
  void quit(std::uint32_t number);
  void end(std::uint32_t number);
  void settle(Path& path, queue::QueuedRecipient recipient, const model::Outcome& outcome);
  void inject();
  void tick();
  void second();
  [[nodiscard]] Duration latency(const Path& path, double round_trips, Duration service);
  [[nodiscard]] std::uint32_t path_of(std::uint32_t vmta, std::uint32_t provider) const {
    return vmta * static_cast<std::uint32_t>(scenario_.providers.size()) + provider;
  }

  const Scenario& scenario_;
  Rng rng_;
  Time now_;
  Time end_;
  model::NameTable names_;
  queue::LabelSetTable labels_;
  queue::ChunkPool pool_;
  queue::CalendarQueue calendar_;
  queue::PauseSet pauses_;
  queue::RetryPlan bulk_retry_, urgent_retry_;
  std::vector<model::NameId> vmta_names_;
  std::vector<queue::LabelSetId> flows_;  // campaigns, then transactional
  std::vector<std::unique_ptr<Path>> paths_;
  std::vector<Connection> connections_;
  std::vector<std::uint32_t> free_connections_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<queue::QueuedRecipient> due_;
  std::uint64_t order_ = 0;
  std::uint64_t left_ = 0;  // recipients not done
  std::uint64_t bulk_left_ = 0;
  std::uint32_t next_message_ = 0;
  std::vector<std::uint8_t> told_;  // by message: 1 + the vMTA whose address was told to wait
  std::vector<Time> injected_;      // of transactional ones, by message minus recipients
  Measure measure_;
  std::vector<PlotSeries> plot_;
};

}  // namespace penstock::bench
