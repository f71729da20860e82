// SPDX-License-Identifier: Apache-2.0
// Usage: what users do at present, held to their limits: connections, message rate, recipients of the day.
//
// Use:  auto place = usage.connect(user);   if (!place) refuse;   … the place ends with the connection
//       if (const Duration wait = usage.begin_message(user, now); wait > 0) refuse MAIL
//       if (!usage.take_recipients(user, count, wall)) refuse the message;   … not stored after all: give_back()
// Pure: time comes in.   Threads: any; one lock, held for a look-up.   Ownership: outlives its places.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "shaping/token_bucket.h"
#include "users/user.h"

namespace penstock::users {

// Days since 1970, of UTC.
[[nodiscard]] std::int64_t day_of(Time wall);

struct DayCount {
  std::string name;
  std::int64_t day = 0;
  std::uint64_t recipients = 0;
};

class Usage {
 public:
  class Place {
   public:
    Place(Usage& usage, std::string name) : usage_(&usage), name_(std::move(name)) {}
    Place(Place&& other) noexcept : usage_(std::exchange(other.usage_, nullptr)), name_(std::move(other.name_)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(usage_, other.usage_);
      name_.swap(other.name_);
      return *this;
    }
    ~Place() {
      if (usage_ != nullptr) usage_->disconnect(name_);
    }

   private:
    Usage* usage_;
    std::string name_;
  };

  [[nodiscard]] std::optional<Place> connect(const User& user);
  // Takes one message from the rate; else how long until there is one.
  [[nodiscard]] Duration begin_message(const User& user, Time now);
  // Takes so many from the day; false, with nothing taken, when there are not so many.
  [[nodiscard]] bool take_recipients(const User& user, std::uint64_t count, Time wall);
  // Whether so many would be there.
  [[nodiscard]] bool has_recipients(const User& user, std::uint64_t count, Time wall) const;
  void give_back(const User& user, std::uint64_t count, Time wall);
  [[nodiscard]] std::uint64_t recipients_today(const std::string& name, Time wall) const;
  [[nodiscard]] std::uint32_t connections(const std::string& name) const;

  // Counts that changed since the last call, to be written down; and those read at a start.
  [[nodiscard]] std::vector<DayCount> take_changed();
  void restore(const DayCount& count);
  void forget(const std::string& name);

 private:
  struct One {
    std::uint32_t connections = 0;
    Rate rate;
    shaping::TokenBucket bucket;
    std::int64_t day = 0;
    std::uint64_t recipients = 0;
    bool changed = false;
  };
  void disconnect(const std::string& name);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<std::string, One> users_;  // guarded by mutex_
};

}  // namespace penstock::users
