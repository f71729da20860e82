// SPDX-License-Identifier: Apache-2.0
// PathRules: what [[path]] makes of a destination's values for one vMTA and stream, and whose limits hold there.
//
// A stream that such a rule names has a path of its own, within the path that its mail would take otherwise: its
// connections carry its mail alone, and the limits of that path, of a domain with a path of its own and of the provider
// hold as well. The order of what counts, later over earlier: the destination's own (defaults, provider), rules that
// name neither domain nor stream, [[domain]], rules with a domain, rules with a stream, rules with both.
//
// Threads: the shard's.   Costs: without rules next to nothing; with them some comparisons for each recipient.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <functional>
#include <string_view>

#include "delivery/destination.h"
#include "delivery/plan.h"
#include "shaping/path_key.h"

namespace penstock::delivery {

// Those whose limits hold on a path, its own first.
struct PathScopes {
  static constexpr std::size_t kMost = 4;  // the stream's, the path's, the stream's at the home, the home's
  struct Scope {
    shaping::PathKey key;
    shaping::Limits limits;
    const shaping::AdaptivePolicyPtr* policy = nullptr;  // the destination's, or kept by PathRules
  };
  std::array<Scope, kMost> all;
  std::size_t count = 0;
  [[nodiscard]] const Scope* begin() const { return all.data(); }
  [[nodiscard]] const Scope* end() const { return all.data() + count; }
};

class PathRules {
 public:
  // It must outlive this.
  explicit PathRules(model::NameTable& names) : names_(names) {}

  void set_plan(PlanPtr plan);
  // The group of the path that mail of this stream takes: the destination's, or the stream's own within it.
  [[nodiscard]] model::NameId group_of(model::NameId vmta, const Stream& stream, const Destination& to);
  // The key is one that group_of() gave. What it points to is good until the next call.
  [[nodiscard]] PathScopes scopes_of(const shaping::PathKey& key, const Destination& to);
  // Null: the plan's.
  [[nodiscard]] TimeoutsPtr timeouts_of(const shaping::PathKey& key, const Destination& to);
  // TLS that rules ask for; `domain`: the recipient's.
  [[nodiscard]] TlsSaid tls_of(model::NameId vmta, const Stream& stream, const Destination& to,
                               std::string_view domain) const;
  // Forgets what it keeps of paths that are not `used`.
  void forget_unless(const std::function<bool(const shaping::PathKey&)>& used);

 private:
  // Time-outs and back-off mode of a path, made once for the pointers that the destination has.
  struct Values {
    bool made = false;
    shaping::AdaptivePolicyPtr of_policy, of_home;
    TimeoutsPtr of_timeouts;
    shaping::AdaptivePolicyPtr own, home, stream_own, stream_home;
    TimeoutsPtr timeouts;
  };
  struct Levels {
    shaping::Limits own, home, stream_own, stream_home;
    bool has_stream_home = false;
  };
  // A path as its rules see it.
  struct Subject {
    model::NameId vmta, stream;  // stream 0: it is no stream's own
    std::string_view domain;     // "": it is no domain's
    const Destination& to;
  };
  [[nodiscard]] Subject subject_of(const shaping::PathKey& key, const Destination& to) const;
  [[nodiscard]] Levels levels_of(const Subject& subject) const;
  [[nodiscard]] const Values& values_of(const shaping::PathKey& key, const Subject& subject);
  // "provider:gmail" → "stream:news/provider:gmail".
  [[nodiscard]] model::NameId own_group(model::NameId stream, model::NameId group);

  model::NameTable& names_;
  PlanPtr plan_;
  boost::unordered_flat_map<shaping::PathKey, Values, std::hash<shaping::PathKey>> values_;  // since the plan came
  // By stream (in the place of the vMTA) and group.
  boost::unordered_flat_map<shaping::PathKey, model::NameId, std::hash<shaping::PathKey>> own_groups_;
};

}  // namespace penstock::delivery
