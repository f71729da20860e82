// SPDX-License-Identifier: Apache-2.0
// Load: the load generator. Many SMTP sessions send the messages of a LoadPlan and count what came of them.
//
// Use:  Load load(options);   auto result = load.run(progress);
// Each session drives one connection: MAIL, RCPT and DATA in one write where PIPELINING is offered, then the text. A
// message is settled when its final answer has come: acknowledged (2xx) or refused. Is the link lost before, its fate
// is unknown: it is counted, never repeated, and another message with a new id takes its place.
//
// Threads: run() blocks the caller and owns the shards meanwhile; stop() from any thread or a signal handler.
// Errors: what a server answers is counted, not returned. run() fails only when the ledger cannot be written.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/shard.h"
#include "net/stream.h"
#include "sim/latency.h"
#include "sim/ledger.h"
#include "sim/load_plan.h"

namespace penstock::sim {

struct LoadOptions {
  PlanOptions plan;
  std::vector<net::Endpoint> to;     // sessions take them in turn
  std::vector<std::string> sources;  // addresses to leave from, in turn; empty: the system chooses
  std::uint32_t sessions = 10;
  std::uint64_t messages = 1000;           // to settle
  Duration run_for{0};                     // 0: until all messages are settled
  Rate rate;                               // count 0: as fast as possible
  std::uint64_t messages_per_session = 0;  // then QUIT and connect anew; 0: no limit
  std::string ehlo = "load.sim.test";
  bool pipelining = true;
  Duration retry_for{0};  // how long a session tries to come back
  Duration timeout{std::chrono::seconds{60}};
  std::string ledger;  // path; empty: none
  std::size_t threads = 2;
};

// What came of it. Kept per shard while it runs, then summed up.
struct LoadCounts {
  std::uint64_t acknowledged = 0;  // messages
  std::uint64_t refused = 0;       // messages of which no recipient was acknowledged
  std::uint64_t unknown = 0;       // link lost before the final answer
  std::uint64_t recipients_acknowledged = 0;
  std::uint64_t recipients_refused = 0;
  std::uint64_t recipients_unknown = 0;
  std::uint64_t connections = 0;
  std::map<std::string, std::uint64_t> refusals;  // "rcpt: 550 5.1.1 no such user", by recipient
  std::map<std::string, std::uint64_t> failures;  // connections that failed or were lost, by reason
  Latencies latencies;                            // from MAIL to the final answer
  void add_to(LoadCounts& sum) const;
};

struct LoadResult {
  LoadCounts counts;
  std::uint64_t unsent = 0;
  double seconds = 0;
  double cpu_seconds = 0;
};
[[nodiscard]] boost::json::object to_json(const LoadResult& result);
[[nodiscard]] std::string load_table(const LoadResult& result);

class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  // `progress` is called on the caller's thread some times a second with the number of settled messages.
  Result<LoadResult> run(const std::function<void(std::uint64_t settled)>& progress);
  // Sessions finish their message and end; what takes more than 5 s is given up and of unknown fate.
  void stop() { stopping_.store(true); }

 private:
  friend class LoadSession;
  struct alignas(64) PerShard {
    LoadCounts counts;                      // touched on the shard
    std::atomic<std::uint64_t> settled{0};  // read by any
  };
  // A message to send: true, and when it is due. The caller gives it back if its fate stays unknown.
  bool claim(std::chrono::steady_clock::time_point& due);
  void give_back() { remaining_.fetch_add(1); }
  std::uint64_t next_number() { return number_.fetch_add(1, std::memory_order_relaxed) + 1; }
  net::Task<> run_session(std::size_t number);

  const LoadOptions options_;
  const LoadPlan plan_;
  Ledger ledger_;
  std::chrono::steady_clock::time_point begun_;
  std::atomic<std::int64_t> remaining_{0};
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::uint64_t> slots_{0};  // of the rate
  std::atomic<std::uint32_t> running_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<PerShard>> parts_;
  std::unique_ptr<net::ShardSet> shards_;
};

}  // namespace penstock::sim
