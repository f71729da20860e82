// SPDX-License-Identifier: Apache-2.0
// Path: one egress path: (vMTA, provider), (vMTA, site) or (vMTA, domain with limits of its own). It owns the limits,
// the ready recipients and the connections that carry them.
//
// Lane: the part of a path that goes to one set of hosts under one TLS policy. Most paths have one. A provider whose
// customers have hosts of their own (customer-example.mail.protection…) has one for each: the limits are the
// provider's, but a connection to one customer's host cannot carry another customer's mail. Connections belong to a
// lane.
//
// Threads: the shard that owns the path.   Ownership: the path owns its lanes; connections hold a Lane& and are counted
// in it: a lane with connections, and its path, must not be destroyed (see idle()).
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "delivery/destination.h"
#include "queue/fair_queue.h"
#include "shaping/path_key.h"
#include "shaping/path_limiter.h"
#include "warmup/meter.h"

namespace penstock::delivery {

class Path;

// In one transaction, where no limit says otherwise (RFC 5321 §4.5.3.1.8 has every receiver take a hundred).
inline constexpr std::uint32_t kRecipientsPerMessage = 100;

// A connection that waits, in a list of its lane: for work (idle; the newest is used first), or for the message rate
// (pacing).
class IdleConnection
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~IdleConnection() = default;
  // There is work, or the connection is to end (`quit`). It leaves the list by itself before this returns.
  virtual void wake(bool quit) = 0;
};

struct Lane {
  Lane(Path& owner, DestinationPtr to, queue::ChunkPool& pool, const queue::LabelSetTable& labels)
      : path(owner), destination(std::move(to)), ready(pool, labels) {}

  Path& path;
  DestinationPtr destination;  // the newest; connections under way keep theirs
  queue::FairQueue ready;
  std::uint32_t connections = 0;  // open or being opened
  std::uint32_t opening = 0;      // of these, not yet usable
  std::uint64_t groups = 0;       // runs of recipients of one message that wait, at most; see transactions()
  model::MessageId last_pushed{};
  std::uint32_t in_delivery = 0;  // recipients taken from `ready` and not yet settled
  boost::intrusive::list<IdleConnection, boost::intrusive::constant_time_size<false>> idle, pacing;
  bool wants = false;      // stands in Path::wanting
  bool flushing = false;   // its hosts cannot be reached: what is ready is being deferred
  model::Outcome trouble;  // why, while flushing
  // Puts it into `ready`.
  void push(const queue::QueuedRecipient& recipient, queue::Priority priority);
  // About how many transactions would carry what is ready, with so many recipients in each at most.
  [[nodiscard]] std::uint64_t transactions(std::uint32_t recipients_max) const;
  // There is more to carry than connections on their way, each of which will take at least one transaction.
  [[nodiscard]] bool lacks_connections() const;
  [[nodiscard]] bool unused() const {
    return ready.empty() && connections == 0 && in_delivery == 0 && !wants && !flushing;
  }
};

struct PathCounts {
  std::uint64_t delivered = 0, deferred = 0, bounced = 0;
};
struct PathRates {  // per second
  double delivered = 0, deferred = 0, bounced = 0;
};

class Path {
 public:
  Path(shaping::PathKey key, model::NameId home, shaping::PathLimiter limiter, std::vector<shaping::PathKey> scopes,
       Time now);
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  // The lane to that destination's site, made if it is not there; takes over a newer destination.
  Lane& lane_to(const DestinationPtr& destination, queue::ChunkPool& pool, const queue::LabelSetTable& labels);
  // Forgets lanes that nothing uses.
  void drop_unused_lanes();

  // Lanes that have more ready recipients than connections on their way, in the order of their turn.
  void want(Lane& lane);
  [[nodiscard]] Lane* next_wanting();  // nullptr if none; it leaves the line
  void want_first(Lane& lane);         // back to the head of the line
  [[nodiscard]] bool someone_wants() const { return !wanting_.empty(); }
  [[nodiscard]] bool another_wants(const Lane& lane) const { return wanting_.size() > (lane.wants ? 1U : 0U); }
  // Ends one idle connection of another lane, so that its slot serves `lane`. False if there is none.
  bool free_idle_slot(const Lane& lane);

  [[nodiscard]] const shaping::PathKey& key() const { return key_; }
  [[nodiscard]] model::NameId home() const { return home_; }
  [[nodiscard]] shaping::PathLimiter& limiter() { return limiter_; }
  void set_limiter(shaping::PathLimiter limiter, std::vector<shaping::PathKey> scopes) {
    limiter_ = std::move(limiter);
    scope_keys_ = std::move(scopes);
  }
  // Whose limits the limiter's scopes are, in their order.
  [[nodiscard]] const std::vector<shaping::PathKey>& scope_keys() const { return scope_keys_; }
  // What the vMTA's warm-up lets go here; of nothing when there is no plan.
  [[nodiscard]] warmup::Share& warmup() { return warmup_; }
  void set_warmup(warmup::Share share) { warmup_ = std::move(share); }
  [[nodiscard]] const auto& lanes() const { return lanes_; }
  [[nodiscard]] std::uint64_t ready() const;
  [[nodiscard]] std::uint64_t in_delivery() const;
  [[nodiscard]] std::uint32_t connections() const;
  // Nothing waits and nothing is under way.
  [[nodiscard]] bool idle() const;
  void count(model::OutcomeKind kind, std::uint64_t recipients = 1);
  [[nodiscard]] const PathCounts& counts() const { return counts_; }
  // Call every kSampleEvery; rates() tells the last half to whole minute.
  static constexpr Duration kSampleEvery{std::chrono::seconds{30}};
  void sample(Time now);
  [[nodiscard]] PathRates rates(Time now) const;
  bool scheduled = false;  // a pump is posted or a wake-up is set; see Dispatcher

 private:
  const shaping::PathKey key_;
  const model::NameId home_;
  shaping::PathLimiter limiter_;
  std::vector<shaping::PathKey> scope_keys_;
  warmup::Share warmup_;
  boost::unordered_flat_map<std::uint32_t, std::unique_ptr<Lane>> lanes_;  // by Destination::lane
  std::deque<Lane*> wanting_;
  struct Sample {
    Time at{};
    PathCounts counts;
  };
  PathCounts counts_;
  Sample before_, latest_;
};

}  // namespace penstock::delivery
