// SPDX-License-Identifier: Apache-2.0
// LimitBook: the limits on tuples: which of them hold for an attempt, and the limiter of each.
//
// A rule says for whom it is (`match`) and by what it is split (`per`): match {provider gmail}, per {vmta} gives each
// vMTA one limiter for all of Gmail's sites; match {}, per {tenant} one for each tenant.
//
// Use:  book.set_rules(rules, now);
//       auto scopes = book.find({vmta, provider, …}, Part::Connection, names);   PathLimiter limiter(own + scopes);
// Rules that speak of what is only known with the message (stream, tenant, campaign, domains) hold messages, recipients
// and bytes; their limits of connections are not looked at: find(…, Part::Connection) leaves them out.
// A limiter lives while somebody uses it and while it has something to remember.
// Pure. Threads: one owner. Cost: a look at every rule and an allocation per find; do it per path or batch, not per
// recipient. Limits: none on tuples; call drop_unused() now and then.
// Not wired yet: nothing in the daemon makes one (docs/shaping.md).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <vector>

#include "shaping/limit_key.h"
#include "shaping/limiter.h"

namespace penstock::shaping {

struct LimitRule {
  std::string name;  // how explanations call it: "tenant-rate"
  LimitKey match;
  Dimensions per;
  Limits limits;
};

class LimitBook {
 public:
  enum class Part : std::uint8_t { Connection, Message };

  // Limiters of rules that are still there, by name, match and per, go on with the new numbers.
  void set_rules(std::vector<LimitRule> rules, Time now);
  // Those that hold for `facts`, in the rules' order. A rule split by something that `facts` do not say does not hold.
  [[nodiscard]] std::vector<std::shared_ptr<Limiter>> find(const LimitKey& facts, Part part,
                                                           const model::NameTable& names);
  // Forgets limiters that nobody holds and that are idle().
  void drop_unused(Time now);
  // Limiters in memory.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    LimitRule rule;
    boost::unordered_flat_map<LimitKey, std::shared_ptr<Limiter>, std::hash<LimitKey>> limiters;
  };
  std::vector<Entry> entries_;
};

}  // namespace penstock::shaping
