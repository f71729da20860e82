// SPDX-License-Identifier: Apache-2.0
// ConnectionTable: the connections of one server, held to bounds in all and by client address.
//
// Use:  ConnectionTable::Place place(table, address, close);      // one per connection, for as long as it lives
//       if (!place.taken()) turn it away;    place.busy();  … answer a request …  place.waiting();
// Where all places are taken, the connection that has waited longest for a request gives way: its `close` is called,
// and it counts no more. Only when each of them is being answered is the new one turned away. A connection of an
// address that has its share already is turned away whatever is free.
// An address is an IPv4 address or the /64 of an IPv6 address; what is neither (a unix socket) has no bound of its own.
// Threads: any; one lock. `close` is called under it: it must do no more than post.
// Ownership: outlives its places.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::http {

class ConnectionTable {
  enum class State { Waiting, Busy, Leaving };
  struct Row {
    std::optional<std::string> address;  // what is counted; none: without bound
    std::function<void()> close;
    State state;
  };
  using Rows = std::list<Row>;

 public:
  struct Bounds {
    std::size_t all = 256;
    std::size_t per_address = 0;                                // 0: no bound
    std::function<bool(std::string_view address)> exempt = {};  // from the bound per address
  };

  class Place {
   public:
    Place(ConnectionTable& table, const std::string& address, std::function<void()> close);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    [[nodiscard]] bool taken() const { return taken_; }
    // A request has come; it is being answered.
    void busy() { (void)table_.move(row_, State::Busy); }
    // For the next request. False: it gives way and must end.
    [[nodiscard]] bool waiting() { return table_.move(row_, State::Waiting); }

   private:
    ConnectionTable& table_;
    Rows::iterator row_;
    bool taken_ = false;
  };

  explicit ConnectionTable(Bounds bounds) : bounds_(std::move(bounds)) {}

  // Those that were turned away or gave way are among them until they have ended.
  [[nodiscard]] std::size_t size() const;
  // Calls `close` of each.
  void close_all() const;
  // Until none is left, or the time has passed.
  void wait_until_empty(Duration longest);

 private:
  Rows& rows_in(State state);
  bool move(Rows::iterator row, State to);  // false: it is leaving
  // These are called under the lock.
  bool take(Rows::iterator row);
  void leave_address(Row& row);

  const Bounds bounds_;
  mutable std::mutex mutex_;
  std::condition_variable fewer_;
  // Guarded by mutex_.
  Rows waiting_;  // the longest first
  Rows busy_;
  Rows leaving_;  // turned away or giving way: not counted
  boost::unordered_flat_map<std::string, std::size_t> by_address_;
};

}  // namespace penstock::http
