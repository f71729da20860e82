// SPDX-License-Identifier: Apache-2.0
// LimitBook: the limits on tuples ([[limit]]): which of them hold for an attempt, and this shard's lease of each.
// SharedLimits: the limits themselves, one for each rule and tuple in the whole node.
//
// A rule says for whom it is (`match`) and by what it is split (`per`): match {provider gmail}, per {vmta} gives each
// vMTA one limit for all of Gmail's sites; match {}, per {tenant} one for each tenant.
//
// Use:  book.set_rules(rules, now);
//       book.find(facts, Part::Path, names, now)       before a connection is opened: those with limits of connections
//       book.find(facts, Part::Hop, names, now)        before this host is connected to
//       book.find(facts, Part::Message, names, now)    before MAIL: those with rates
// A rule that speaks of what only the message tells (stream, tenant, campaign, domains) cannot hold a connection;
// `connections` of such a rule are transactions under way, that is connections that carry such mail at one time.
// A limit lives while somebody uses it and while something is owed.
// Threads: a LimitBook its shard's; SharedLimits any. Cost: a look at every rule and a look-up per rule that holds.
// Limits: none on tuples; call drop_unused() now and then.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "shaping/limit_key.h"
#include "shaping/shared_limit.h"

namespace penstock::shaping {

struct LimitRule {
  std::string name;  // how explanations call it: "tenant-rate"
  LimitKey match;
  Dimensions per;
  Limits limits;
};
using LimitRules = std::shared_ptr<const std::vector<LimitRule>>;

class SharedLimits {
 public:
  explicit SharedLimits(std::size_t shards) : shards_(shards) {}
  [[nodiscard]] std::shared_ptr<SharedLimit> obtain(const LimitRule& rule, const LimitKey& key,
                                                    const model::NameTable& names, Time now);
  void drop_unused(Time now);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::shared_ptr<SharedLimit>> all() const;

 private:
  const std::size_t shards_;
  mutable std::mutex mutex_;
  // Guarded by mutex_; by the rule's name.
  std::map<std::string, std::unordered_map<LimitKey, std::shared_ptr<SharedLimit>>, std::less<>> limits_;
};

class LimitBook {
 public:
  enum class Part : std::uint8_t { Path, Hop, Message };

  explicit LimitBook(SharedLimits& shared) : shared_(shared) {}

  // Leases of rules that are still there, by name, match and per, go on with the new numbers.
  void set_rules(LimitRules rules, Time now);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  // Some rule may hold at that part.
  [[nodiscard]] bool has(Part part) const { return has_[static_cast<std::size_t>(part)]; }
  // Those that hold for `facts`, in the rules' order. A rule split by something that `facts` do not say does not hold.
  [[nodiscard]] std::vector<LeasePtr> find(const LimitKey& facts, Part part, const model::NameTable& names, Time now);
  // Forgets leases that nobody holds and that are idle().
  void drop_unused(Time now);
  // Leases in memory.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    LimitRule rule;
    Part part = Part::Message;  // where its connections are counted
    boost::unordered_flat_map<LimitKey, LeasePtr, std::hash<LimitKey>> leases;
    [[nodiscard]] bool holds_at(Part where) const;
  };
  SharedLimits& shared_;
  LimitRules rules_;
  std::vector<Entry> entries_;
  std::array<bool, 3> has_{};
};

// Where the limits of connections of such a rule are counted.
[[nodiscard]] LimitBook::Part part_of(Dimensions said);

}  // namespace penstock::shaping
