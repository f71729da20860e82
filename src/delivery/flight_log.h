// SPDX-License-Identifier: Apache-2.0
// FlightLog: the recipients of a shard that are in no queue just now: in delivery, waiting for a look-up, being
// settled.
//
// A flight begins when recipients leave a queue and ends when each has an outcome or is back in one. Whoever changes
// queued recipients asks it for those that no queue shows, and waits until all that had begun by then is over.
// Use:   const Flight flight(log, recipients, place);   // ends with its scope
//        const auto number = log.begin(recipients, place);   …   log.end(number);   // where no scope fits
// Threads: the shard's.   Costs: 130 bytes a flight of one recipient, 40 more for each further one.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <span>

#include "queue/queued_recipient.h"
#include "queue/selection.h"

namespace penstock::delivery {

class FlightLog {
 public:
  using Visitor = std::function<void(const queue::QueuedRecipient&, const queue::Place&)>;

  // The number of the flight; larger than those of all that began before.
  [[nodiscard]] std::uint64_t begin(std::span<const queue::QueuedRecipient> recipients, const queue::Place& place);
  void end(std::uint64_t flight) { flights_.erase(flight); }
  // What begins from now on has this number or a larger one.
  [[nodiscard]] std::uint64_t next() const { return last_ + 1; }
  [[nodiscard]] bool over_before(std::uint64_t number) const {
    return flights_.empty() || flights_.begin()->first >= number;
  }
  void visit(const Visitor& visitor) const;

 private:
  struct Group {
    boost::container::small_vector<queue::QueuedRecipient, 1> recipients;
    queue::Place place;
  };
  std::map<std::uint64_t, Group> flights_;
  std::uint64_t last_ = 0;
};

class Flight {
 public:
  // `log` must outlive it.
  Flight(FlightLog& log, std::span<const queue::QueuedRecipient> recipients, const queue::Place& place)
      : log_(log), number_(log.begin(recipients, place)) {}
  ~Flight() { log_.end(number_); }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

 private:
  FlightLog& log_;
  const std::uint64_t number_;
};

}  // namespace penstock::delivery
