// SPDX-License-Identifier: Apache-2.0
// The ledger of the load generator: one line "sim-id recipient" for each recipient that was acknowledged; and its
// comparison with what the receivers report.
//
// Use:  Ledger ledger;  ledger.open(path);  …  ledger.add(sim_id, recipient);  …  ledger.flush();
// A line is added after the final 2xx of its message, never before, and reaches the file with the next flush().
// Threads: Ledger: any.   Errors: those of the file system, naming the file.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::sim {

class Ledger {
 public:
  Ledger() = default;
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Begins the file anew.
  Result<> open(const std::string& path);
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void add(std::string_view sim_id, std::string_view recipient);
  Result<> flush();

 private:
  int fd_ = -1;
  std::string path_;
  std::mutex mutex_;
  std::string lines_;  // guarded by mutex_
};

struct Comparison {
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;            // lines of the received list
  std::uint64_t unacknowledged = 0;      // different ones that arrived without a ledger line; no fault
  std::uint64_t lost = 0;                // acknowledged and not received
  std::uint64_t duplicates = 0;          // arrivals beyond the first of the same (sim id, recipient)
  std::vector<std::string> lost_first;   // the first hundred of the lost, "sim-id recipient"
  std::vector<std::string> twice_first;  // the first hundred that came more than once
};

// Reads both files into memory: some 100 bytes per recipient. `received` is the list `serve` writes.
[[nodiscard]] Result<Comparison> compare(const std::string& ledger, const std::string& received);

}  // namespace penstock::sim
