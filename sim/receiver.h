// SPDX-License-Identifier: Apache-2.0
// Receiver: one simulated receiving host: its behaviour, which may change while it runs, and what it knows of clients.
//
// Threads: any. Sessions keep the behaviour they have and look at version() before each step, so a change costs them
// one load.   Ownership: must outlive its sessions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sim/behaviour.h"
#include "sim/scenario.h"
#include "sim/tally.h"

namespace penstock::sim {

// Connections and message rate of each client address.
class SourceGate {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // `max` 0: no limit. True: the connection counts until leave().
  bool enter(const std::string& source, std::uint32_t max);
  void leave(const std::string& source);
  // A bucket that holds one second's worth, at least one message.
  bool take_message(const std::string& source, const Rate& rate, Instant now);

 private:
  struct Client {
    std::uint32_t connections = 0;
    double tokens = -1;  // below 0: the bucket is not in use yet
    Instant filled;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Client> clients_;  // guarded by mutex_; one per address seen
};

class Receiver {
 public:
  Receiver(std::uint32_t number, ReceiverSpec spec, std::uint64_t seed);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] const ReceiverSpec& spec() const { return spec_; }

  // Rises with each change of the behaviour.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] std::shared_ptr<const Behaviour> behaviour() const;
  // Replaces the behaviour by another, keeping the protocol (SMTP or LMTP); nullptr: the scenario's own.
  void replace(const Behaviour* behaviour);
  // Edits the behaviour as it is now.
  void change(const std::function<void(Behaviour&)>& edit);
  // A reaction that goes before all others, until clear_added().
  void add(Reaction reaction);
  void clear_added();

  // The seed of the next connection's random numbers: the n-th connection always gets the same.
  std::uint64_t next_seed();
  [[nodiscard]] SourceGate& gate() { return gate_; }
  [[nodiscard]] AttemptMemory& memory() { return memory_; }

 private:
  void publish();

  const std::uint32_t number_;
  const ReceiverSpec spec_;
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<std::uint64_t> version_{0};
  mutable std::mutex mutex_;
  Behaviour base_;                            // guarded by mutex_, as are the two below
  std::vector<Reaction> added_;               // newest first
  std::shared_ptr<const Behaviour> current_;  // base_ with added_ in front
  SourceGate gate_;
  AttemptMemory memory_;
};

}  // namespace penstock::sim
