// SPDX-License-Identifier: Apache-2.0
// ConnectionCounts: connections of one listener, in all and by client address, held to bounds.
//
// Use:  auto place = counts.take(address, in_all, per_address);   if (!place) turn away;   … released when destroyed
// Threads: any; one lock, taken when a connection begins and ends.   Ownership: must outlive its places.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace penstock::ingest {

class ConnectionCounts {
 public:
  // The right to one connection. Move-only.
  class Place {
   public:
    Place(ConnectionCounts& counts, std::string address) : counts_(&counts), address_(std::move(address)) {}
    Place(Place&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (counts_ != nullptr) counts_->leave(address_);
    }

   private:
    ConnectionCounts* counts_;
    std::string address_;
  };

  // Nothing when either bound is reached.
  [[nodiscard]] std::optional<Place> take(const std::string& address, std::uint32_t all_max,
                                          std::uint32_t address_max) {
    const std::lock_guard lock(mutex_);
    auto& of_address = by_address_[address];
    if (all_ >= all_max || of_address >= address_max) {
      if (of_address == 0) by_address_.erase(address);
      return std::nullopt;
    }
    ++all_;
    ++of_address;
    return std::optional<Place>(std::in_place, *this, address);
  }
  [[nodiscard]] std::uint32_t all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    --all_;
    const auto entry = by_address_.find(address);
    if (--entry->second == 0) by_address_.erase(entry);
  }

  mutable std::mutex mutex_;
  std::uint32_t all_ = 0;  // guarded by mutex_
  boost::unordered_flat_map<std::string, std::uint32_t> by_address_;
};

}  // namespace penstock::ingest
