// SPDX-License-Identifier: Apache-2.0
// SharedLimit: one limit of the configuration ([[limit]]) for one tuple, in use on several shards. LimitLease: a
// shard's part in it.
//
// A lease draws slices: a connection slot when one is wanted, rates for a fiftieth of a second at most and only what is
// needed while another shard waits. What was drawn has left the limit, so the sum over all shards never exceeds it;
// what the slices could add to a burst is taken off the burst. So demand decides who has how much, and a lock is taken
// once per slice and not per message.
//
// Use, on a shard:  if (lease.can_send(recipients, bytes, now)) lease.send(recipients, bytes);
//                   if (lease.can_open(now)) lease.open();  …  lease.close();      (by permits: see HeldLimits)
// can_open and can_send reserve in the lease and take nothing; several leases are asked one after the other, then all
// taken from, or drop_spare() gives reserved slots back.
// Threads: SharedLimit any; a LimitLease its shard's. Ownership: leases share their limit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "shaping/limits.h"
#include "shaping/token_bucket.h"

namespace penstock::shaping {

class SharedLimit {
 public:
  // `shards`: how many leases there will be.
  SharedLimit(std::string scope, const Limits& limits, std::size_t shards, Time now);
  void set_limits(const Limits& limits, Time now);
  [[nodiscard]] const std::string& scope() const { return scope_; }
  [[nodiscard]] Limits limits() const;

  enum class Flow : std::uint8_t { Recipients, Messages, Bytes };
  static constexpr std::size_t kFlows = 3;

  // A slot with its token of the connection rate, or nothing.
  [[nodiscard]] bool take_slot(Time now);
  // `used`: the connection was opened. Else its token of the rate comes back too.
  void give_slot(bool used, Time now);
  // nullopt: when another one ends.
  [[nodiscard]] std::optional<Time> next_slot(Time now) const;
  // At least `need`, or 0.
  [[nodiscard]] std::uint32_t draw(Flow flow, std::uint32_t need, Time now);
  [[nodiscard]] Time next(Flow flow, std::uint32_t need, Time now) const;
  // What is there now; kUnlimited where nothing limits it.
  static constexpr std::uint32_t kUnlimited = 0xFFFFFFFF;
  [[nodiscard]] std::uint32_t available(Flow flow, Time now) const;
  [[nodiscard]] std::uint32_t free_slots() const;

  struct View {
    Limits limits;
    std::uint32_t connections = 0;  // slots taken
    std::uint64_t refused = 0;      // times that something had to wait
  };
  [[nodiscard]] View view() const;
  // Nothing is taken and nothing owed.
  [[nodiscard]] bool idle(Time now) const;

 private:
  static constexpr Duration kContested{std::chrono::seconds{1}};
  void apply(const Limits& limits, Time now);
  [[nodiscard]] std::uint32_t slice_of(Flow flow) const;
  [[nodiscard]] TokenBucket& bucket(Flow flow) { return flows_[static_cast<std::size_t>(flow)]; }
  [[nodiscard]] const TokenBucket& bucket(Flow flow) const { return flows_[static_cast<std::size_t>(flow)]; }

  const std::string scope_;
  const std::size_t shards_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Limits limits_;
  TokenBucket connection_rate_;
  std::array<TokenBucket, kFlows> flows_;
  std::uint32_t slots_ = 0;
  std::uint64_t refused_ = 0;
  Time contested_until_{};
};

class LimitLease {
 public:
  // `counts_transactions`: its slots are transactions, not connections.
  explicit LimitLease(std::shared_ptr<SharedLimit> limit, bool counts_transactions = false);
  ~LimitLease();
  LimitLease(const LimitLease&) = delete;
  LimitLease& operator=(const LimitLease&) = delete;

  [[nodiscard]] bool counts_transactions() const { return counts_transactions_; }
  [[nodiscard]] bool can_open(Time now);
  // Precondition: can_open said yes. False: the limit says nothing of connections, and there is nothing to close.
  [[nodiscard]] bool open();
  void close(Time now);
  // Reserved and not used after all.
  void drop_spare(Time now);
  [[nodiscard]] std::optional<Time> next_open(Time now) const;

  [[nodiscard]] bool can_send(std::uint32_t recipients, std::uint64_t bytes, Time now);
  // Precondition: can_send said yes to as much.
  void send(std::uint32_t recipients, std::uint64_t bytes);
  // What send() took was not sent after all.
  void give_back(std::uint32_t recipients, std::uint64_t bytes);
  // About how many messages of one recipient and so many bytes may go now.
  [[nodiscard]] std::uint32_t room(std::uint64_t bytes, Time now) const;
  // The first moment at which can_send may say yes.
  [[nodiscard]] Time next_send(std::uint32_t recipients, std::uint64_t bytes, Time now) const;

  // Numbers as of the last change of the configuration.
  [[nodiscard]] const Limits& limits() const { return limits_; }
  void set_limits(const Limits& limits, Time now);
  [[nodiscard]] const SharedLimit& shared() const { return *limit_; }
  [[nodiscard]] bool idle(Time now) const { return in_use_ == 0 && spare_ == 0 && limit_->idle(now); }

 private:
  [[nodiscard]] bool have(SharedLimit::Flow flow, std::uint32_t need, Time now);

  std::shared_ptr<SharedLimit> limit_;
  const bool counts_transactions_;
  Limits limits_;
  std::array<std::uint32_t, SharedLimit::kFlows> purse_{};
  std::uint32_t spare_ = 0;   // slots reserved
  std::uint32_t in_use_ = 0;  // slots of this shard
};
using LeasePtr = std::shared_ptr<LimitLease>;

// Slots of several leases, given back when it goes. Move-only.
class HeldLimits {
 public:
  HeldLimits() = default;
  HeldLimits(HeldLimits&&) noexcept = default;
  HeldLimits& operator=(HeldLimits&& other) noexcept;
  ~HeldLimits() { release(); }
  // A slot of each, or none: false. Adds to what is held.
  [[nodiscard]] bool take(const std::vector<LeasePtr>& leases, const Clock& clock);
  void release();
  [[nodiscard]] bool empty() const { return held_.empty(); }

 private:
  const Clock* clock_ = nullptr;
  std::vector<LeasePtr> held_;
};

}  // namespace penstock::shaping
