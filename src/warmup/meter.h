// SPDX-License-Identifier: Apache-2.0
// Meter: an Account that several threads use: what an egress path asks before it sends.
// Share: what one path has reserved of it; what is not settled when the path goes is given back.
//
// Use:  if (share.reserve(1) == 0) wait until share.next_room();   …   share.settle(batch.size(), delivered);
//       share.note(outcome);
// Threads: Meter any, one short lock; Share the shard's.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "model/outcome.h"
#include "warmup/account.h"
#include "warmup/store.h"

namespace penstock::warmup {

class Meter {
 public:
  // `clock` must outlive it.
  Meter(const Clock& clock, AccountName name, SchedulePtr schedule, Ledger ledger);

  [[nodiscard]] const AccountName& name() const { return name_; }
  // What Account says; one call, one lock.
  template <class Function>
  auto with(Function&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(account_, clock_.now(), clock_.wall());
  }
  // Recipients that stand in line for it on all paths, as far as told.
  [[nodiscard]] std::uint64_t in_line() const { return in_line_.load(std::memory_order_relaxed); }
  // Of what was not delivered: a sign for or against growing, or none.
  void note(const model::Outcome& outcome);
  // The ledger, if it differs from what was taken last.
  [[nodiscard]] std::optional<Ledger> take_changed();

 private:
  const Clock& clock_;
  const AccountName name_;
  std::mutex mutex_;
  Account account_;  // guarded by mutex_
  Ledger saved_;     // guarded by mutex_
  friend class Share;
  std::atomic<std::uint64_t> in_line_{0};
};
using MeterPtr = std::shared_ptr<Meter>;

class Share {
 public:
  Share() = default;  // of nothing: everything may go
  explicit Share(MeterPtr meter) : meter_(std::move(meter)) {}
  ~Share();
  Share(Share&& other) noexcept
      : meter_(std::move(other.meter_)),
        reserved_(std::exchange(other.reserved_, 0)),
        in_line_(std::exchange(other.in_line_, 0)) {}
  Share& operator=(Share&& other) noexcept;
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  explicit operator bool() const { return meter_ != nullptr; }
  [[nodiscard]] std::uint32_t reserve(std::uint32_t most);
  // So many recipients have left delivery, `taken` of them delivered. Those that were never reserved, because the
  // plan came while they were under way, count if they were taken.
  void settle(std::size_t recipients, std::size_t taken);
  // Of what was not delivered: signs for or against growing.
  void note(const model::Outcome& outcome);
  [[nodiscard]] bool limits() const;
  [[nodiscard]] std::uint64_t room_now() const;
  [[nodiscard]] Time next_room() const;
  [[nodiscard]] std::uint64_t reserved() const { return reserved_; }
  // So many recipients of this path stand in line now.
  void set_in_line(std::uint64_t recipients);

 private:
  void give_all_back();

  MeterPtr meter_;
  std::uint64_t reserved_ = 0;
  std::uint64_t in_line_ = 0;
};

}  // namespace penstock::warmup
