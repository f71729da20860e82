// SPDX-License-Identifier: Apache-2.0
#include "delivery/test/desk.h"

#include <gtest/gtest.h>

#include "base/test/effort.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;

class Port final : public spool::CompletionPort {
 public:
  explicit Port(net::Shard& shard) : shard_(shard) {}
  void completed(std::vector<spool::Completion>&& batch) override {
    shard_.post([batch = std::move(batch)]() mutable {
      for (spool::Completion& completion : batch) completion.run();
    });
  }

 private:
  net::Shard& shard_;
};

void add_vmta(Plan& plan, model::NameTable& names, const std::string& name, const std::string& source) {
  Vmta vmta;
  vmta.name = names.intern(name);
  vmta.text = name;
  vmta.source_v4 = source;
  vmta.ehlo = name + ".example";
  plan.vmta_by_name[vmta.name.value] = static_cast<std::uint32_t>(plan.vmtas.size());
  plan.vmtas.push_back(std::move(vmta));
}

void add_stream(Plan& plan, model::NameTable& names, const std::string& name, std::uint32_t pool) {
  Stream stream;
  stream.name = name;
  stream.id = names.intern(name);
  stream.pool = pool;
  stream.retry.waits = queue::RetrySchedule{{1min, 2min}};
  stream.retry.jitter = 0;
  stream.retry.expire = 24h;
  stream.dsn.stream = "default";
  plan.stream_by_name[names.intern(name).value] = static_cast<std::uint32_t>(plan.streams.size());
  plan.streams.push_back(std::move(stream));
}

}  // namespace

void RecordingSink::record(const model::Event& event) {
  Recorded one{event.type,
               {event.message, event.recipient_index},
               std::string(event.recipient),
               std::string(event.vmta),
               std::string(event.pool),
               std::string(event.route),
               std::string(event.source_address),
               std::string(event.peer_host),
               std::string(event.detail),
               event.step,
               event.has_step,
               event.reply,
               event.outcome_class,
               event.rule,
               event.scope,
               event.attempt,
               event.next_attempt};
  if (listener) listener(one);
  all.push_back(std::move(one));
}

std::vector<Recorded> RecordingSink::of(model::EventType type) const {
  std::vector<Recorded> found;
  for (const Recorded& one : all) {
    if (one.type == type) found.push_back(one);
  }
  return found;
}

std::shared_ptr<Plan> make_test_plan(model::NameTable& names) {
  auto plan = std::make_shared<Plan>();
  plan->node = "mta.example";
  add_vmta(*plan, names, "v1", "127.0.0.2");
  add_vmta(*plan, names, "v2", "127.0.0.3");
  plan->pools = {{"main", {{0, 1}}, names.intern("main")}, {"both", {{0, 1}, {1, 1}}, names.intern("both")}};
  plan->pool_by_name = {{names.intern("main").value, 0}, {names.intern("both").value, 1}};
  add_stream(*plan, names, "default", 0);
  add_stream(*plan, names, "news", 1);
  plan->default_limits = {.connections = 20, .messages_per_connection = 500, .recipients_per_message = 100};
  plan->trouble.jitter = 0;
  plan->timeouts.connect = 5s;
  plan->timeouts.idle = 1min;
  return plan;
}

Desk::Desk() : plan(make_test_plan(names)) {
  box.options.cache_bytes = 1U << 20;
  box.open();
}

Desk::~Desk() {
  tear_down();
}

void Desk::start() {
  shards = std::make_unique<net::ShardSet>(1);
  port_ = std::make_unique<Port>((*shards)[0]);
  readers_ = std::make_unique<http::Workers>(1, "read");
  Backlog backlog(clock, names, labels, 1);
  for (const auto& [id, found] : box.sink.found) {
    backlog.recovered({id, found.domain, found.stream, found.tenant, found.campaign, found.vmta, found.tls,
                       found.pinned_vmta, found.body_bytes, found.received, found.first_attempt, found.next_due,
                       found.attempts, found.hold, found.flags});
  }
  engine = std::make_unique<Engine>(Engine::Parts{*shards,
                                                  clock,
                                                  *box.spool,
                                                  {port_.get()},
                                                  events,
                                                  names,
                                                  labels,
                                                  *readers_,
                                                  *readers_,
                                                  dns,
                                                  finder_,
                                                  dns_probe_,
                                                  registry,
                                                  1,
                                                  {},
                                                  nullptr,
                                                  {},
                                                  nullptr,
                                                  warmups},
                                    plan, std::move(backlog));
  engine->start();
  poll();
}

void Desk::tear_down() {
  if (readers_) readers_->stop();
  if (box.spool) box.spool->flush();
  box.close();
  // Suspended coroutines go before what they refer to.
  shards.reset();
  engine.reset();
  readers_.reset();
  port_.reset();
}

void Desk::end() {
  tear_down();
  box.open();
}

model::MessageId Desk::store(model::Envelope envelope, std::string body) {
  const auto stored = box.accept(std::move(envelope), std::move(body));
  EXPECT_TRUE(stored) << stored.error().to_string();
  return stored.value_or(model::MessageId{});
}

void Desk::admit(model::MessageId id) {
  const auto envelope = box.spool->read_envelope(id);
  ASSERT_TRUE(envelope);
  dispatcher().admit(**envelope);
}

model::MessageId Desk::send(const std::vector<std::string>& addresses, const std::string& stream) {
  const model::MessageId id = store(envelope(addresses, stream));
  admit(id);
  return id;
}

model::Envelope Desk::envelope(const std::vector<std::string>& addresses, const std::string& stream) const {
  model::Envelope made;
  made.sender = "news@shop.example";
  made.peer = "192.0.2.7";
  made.labels.stream = stream;
  made.received = clock.wall();
  for (const std::string& address : addresses) made.recipients.push_back({address, "", model::kNotifyUnset});
  return made;
}

void Desk::change_plan(const std::function<void(Plan&)>& change) {
  plan = std::make_shared<Plan>(*plan);
  change(*plan);
  engine->set_plan(plan);
  poll();
}

void Desk::poll() {
  (*shards)[0].io().poll();
}

void Desk::run_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      ADD_FAILURE() << "it does not happen";
      return;
    }
    (*shards)[0].io().run_one_for(1s);
  }
}

}  // namespace penstock::delivery
