// SPDX-License-Identifier: Apache-2.0
#include "ingest/test/entrance.h"

#include <gtest/gtest.h>

#include "base/test/effort.h"

namespace penstock::ingest {
namespace {

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

std::shared_ptr<const config::Config> load(const std::string& text) {
  const config::Loaded loaded = config::load_text(text, "/p/penstock.toml");
  for (const config::Problem& problem : loaded.problems) {
    EXPECT_FALSE(problem.is_error) << config::format_problem(problem);
  }
  return loaded.config;
}

}  // namespace

Entrance::Entrance(const std::string& text)
    : config(load(text)), plan(std::make_shared<const Plan>(config)), port_(std::make_unique<Port>((*shards)[0])) {
  box.open();
}

Entrance::~Entrance() {
  close();
}

void Entrance::close() {
  if (shards) shards->stop();
  box.close();
  shards.reset();
}

void Entrance::record(const model::Event& event) {
  const std::lock_guard lock(mutex_);
  events_.push_back({event.type, event.message, std::string(event.recipient), std::string(event.sender),
                     std::string(event.stream), std::string(event.peer_address), std::string(event.detail),
                     std::string(event.tenant), std::string(event.envelope_id), event.bytes, event.reply});
}

void Entrance::accepted(std::size_t, const model::Envelope& envelope) {
  const std::lock_guard lock(mutex_);
  envelopes_.push_back(envelope);
  changed_.notify_all();
}

std::vector<Recorded> Entrance::events(model::EventType type) const {
  const std::lock_guard lock(mutex_);
  std::vector<Recorded> found;
  for (const Recorded& one : events_) {
    if (one.type == type) found.push_back(one);
  }
  return found;
}

std::vector<model::Envelope> Entrance::handed_over() const {
  const std::lock_guard lock(mutex_);
  return envelopes_;
}

void Entrance::wait_for(std::size_t messages) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, kPatience, [&] { return envelopes_.size() >= messages; });
  EXPECT_TRUE(came) << "only " << envelopes_.size() << " messages were handed over";
}

Services Entrance::services() {
  return {box.clock, *box.spool, {port_.get()}, *this, *this, plan, probe};
}

}  // namespace penstock::ingest
