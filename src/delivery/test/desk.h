// SPDX-License-Identifier: Apache-2.0
// Desk: a delivery engine of one shard that the test's own thread drives, with a spool in memory, a scripted DNS and a
// clock that stands still; sockets and the spool's thread are real.
//
// Use:  Desk desk;   desk.start();   desk.send({"a@slow.example"});
//       desk.run_until([&] { return desk.events.count(model::EventType::Delivered) == 1; });
// run_until fails the test when it takes ten seconds; nothing else depends on real time.
// Threads: the test's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "delivery/engine.h"
#include "dns/fake_resolver.h"
#include "http/workers.h"
#include "metrics/metrics.h"
#include "model/event.h"
#include "spool/test/box.h"

namespace penstock::delivery {

// An event with strings of its own, as far as tests look at it.
struct Recorded {
  model::EventType type;
  model::RecipientId id;
  std::string recipient, vmta, pool, route, source_address, peer_host, detail;
  model::Step step;
  bool has_step;
  model::Reply reply;
  model::OutcomeClass outcome_class;
  std::string_view rule;  // lives as long as the process
  model::Scope scope;
  std::uint32_t attempt;
  Time next_attempt;
};

class RecordingSink final : public model::EventSink {
 public:
  void record(const model::Event& event) override;
  [[nodiscard]] std::vector<Recorded> of(model::EventType type) const;
  [[nodiscard]] std::size_t count(model::EventType type) const { return of(type).size(); }
  std::vector<Recorded> all;
  std::function<void(const Recorded&)> listener;
};

// A plan with vMTAs "v1" (127.0.0.2) and "v2" (127.0.0.3), a pool "main" of v1 and one "both" of v1 and v2, and the
// streams "default" over "main" and "news" over "both", by MX; retries after one minute, then two, without jitter;
// expiry after a day. Connections are kept for a minute.
[[nodiscard]] std::shared_ptr<Plan> make_test_plan(model::NameTable& names);

class Desk {
 public:
  Desk();
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  // Builds the engine over `plan` and over what the spool keeps.
  void start();
  // Ends the engine, after what it submitted is on disk, and opens the spool anew: box.sink says what was there.
  void end();
  // Stores a message without telling the engine.
  model::MessageId store(model::Envelope envelope, std::string body = "Subject: x\r\n\r\nhello\r\n");
  void admit(model::MessageId id);
  // Stores it and hands it to the engine.
  model::MessageId send(const std::vector<std::string>& addresses, const std::string& stream = "default");
  [[nodiscard]] model::Envelope envelope(const std::vector<std::string>& addresses,
                                         const std::string& stream = "default") const;
  // The engine goes over to a changed copy of the plan.
  void change_plan(const std::function<void(Plan&)>& change);
  // Runs what can run now.
  void poll();
  void run_until(const std::function<bool()>& done);
  [[nodiscard]] Dispatcher& dispatcher() { return engine->dispatcher(0); }
  [[nodiscard]] std::uint64_t count(queue::Whereabouts where) { return dispatcher().totals().count(where); }

  spool::Box box;
  FakeClock& clock = box.clock;
  RecordingSink events;
  dns::FakeResolver dns;
  metrics::Registry registry;
  model::NameTable names;
  queue::LabelSetTable labels;
  std::shared_ptr<Plan> plan;
  std::unique_ptr<net::ShardSet> shards;
  std::unique_ptr<Engine> engine;
  warmup::Desk* warmups = nullptr;  // for start(); outlives the engine

 private:
  void tear_down();
  dns::Probe dns_probe_{registry};
  dns::HostFinder finder_{dns};
  std::unique_ptr<spool::CompletionPort> port_;
  std::unique_ptr<http::Workers> readers_;
};

}  // namespace penstock::delivery
