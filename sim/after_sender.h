// SPDX-License-Identifier: Apache-2.0
// AfterSender: sends what comes back for mail that was taken, each by SMTP after its delay, to where the scenario says.
//
// Use:  sender.arrived(shard, spec, arrival);   …   sender.report()
// Threads: any.   Ownership: the shards must outlive it up to stop(); abandoned sendings are not counted.
// Limits: kPendingMax under way, more are dropped and counted; no retries: a failure is counted.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>

#include "net/shard.h"
#include "sim/aftermath.h"
#include "sim/receiver_session.h"
#include "sim/scenario.h"

namespace penstock::sim {

class AfterSender {
 public:
  static constexpr std::uint64_t kPendingMax = 20'000;
  AfterSender(net::ShardSet& shards, std::uint64_t seed) : shards_(shards), seed_(seed) {}

  // Decides for each recipient and begins. The content must have been kept.
  void arrived(std::size_t shard, const ReceiverSpec& receiver, const Arrival& arrival);
  [[nodiscard]] boost::json::object report() const;
  void reset();

 private:
  net::Task<> send_later(std::size_t shard, Duration delay, std::string to, AfterMail mail, bool is_bounce);
  net::Task<bool> send(net::Shard& shard, const std::string& to, const AfterMail& mail);

  net::ShardSet& shards_;
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> number_{0};
  std::atomic<std::uint64_t> pending_{0};
  std::atomic<std::uint64_t> bounces_{0};
  std::atomic<std::uint64_t> complaints_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace penstock::sim
