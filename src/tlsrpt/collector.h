// SPDX-License-Identifier: Apache-2.0
// Collector: counts the sessions of domains that want TLS reports, by day and policy, and keeps the counts in state.db
// until their report has been sent or given up.
//
// Use:  collector->want("example.com", {"mailto:tls@example.com"});          // after a look-up said so
//       collector->count("example.com", policy, failure);                    // an empty failure: a success
//       collector->flush();   for (const Due& due : *collector->due()) … collector->sent(due);
// Threads: any; one lock, held for a hash look-up. Counts go to state.db with flush(), call it every minute and before
// the end.   Ownership: writer and clock outlive it.
// Errors: state::Errc. What cannot be written is logged and lost.
// Limits: kWanted domains; of a domain's day kDetails different failures, more are counted as one without details.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "state/writer.h"
#include "tlsrpt/report.h"
#include "tlsrpt/session.h"

namespace penstock::tlsrpt {

// A day's report that has not been sent.
struct Due {
  std::int64_t day = 0;
  std::string domain;
  std::vector<std::string> addresses;  // "mailto:…", "https://…"
  std::uint32_t attempts = 0;
  std::vector<PolicyResult> policies;
};

class Collector {
 public:
  static constexpr std::size_t kWanted = 50'000;
  static constexpr std::size_t kDetails = 100;
  static constexpr std::size_t kDueEach = 200;

  [[nodiscard]] static Result<std::unique_ptr<Collector>> open(state::Writer& writer, const Clock& clock);

  // Empty addresses: no longer.
  void want(const std::string& domain, std::vector<std::string> addresses);
  [[nodiscard]] bool wants(std::string_view domain);
  void count(std::string_view domain, const Policy& policy, const Failure& failure);
  // Hands what was counted to state.db; `wait`: until it is durable.
  void flush(bool wait = false);

  // Reports of days that are over, at most kDueEach whose next attempt has come; reads the database.
  [[nodiscard]] Result<std::vector<Due>> due();
  // The report is done with: sent, or given up.
  void finish(const Due& due);
  // Is to be tried again after this long.
  void retry(const Due& due, Duration after);

 private:
  struct Key {  // of one count
    std::int64_t day = 0;
    std::string domain, policy, failure;  // the last two as text, see collector.cc
    auto operator<=>(const Key&) const = default;
  };
  Collector(state::Writer& writer, const Clock& clock) : writer_(writer), clock_(clock) {}
  [[nodiscard]] Result<> read_counts(state::Database& db, Due& due);

  state::Writer& writer_;
  const Clock& clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::string, std::vector<std::string>, std::less<>> wanted_;
  std::map<Key, std::uint64_t> counts_;
  std::map<std::pair<std::int64_t, std::string>, std::size_t> details_;  // different failures of a domain's day
};

}  // namespace penstock::tlsrpt
