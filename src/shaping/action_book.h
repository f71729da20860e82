// SPDX-License-Identifier: Apache-2.0
// ActionBook: what replies did to others than a path: sender domains, DKIM domains, tenants, campaigns, streams, vMTAs.
//
// A rule counts the replies it is about per tuple, and once there are enough of them, by number and by share of all
// answers in its time, it acts on that tuple: slow, back off, suspend, or stop with an alarm. Each action keeps its
// cause. Below the bounds nothing happens: one odd reply stops nobody.
//
// Use:  if (book.observe(outcome, facts, now)) …tell…;   const auto held = book.find(facts, now); if (held) …
// Pure. Threads: one owner. Cost: for delivered mail one look-up per rule that counts answers.
// Limits: kTuplesMost tuples per rule; beyond them the oldest quiet ones are forgotten.
// Not wired yet: nothing in the daemon makes one (docs/shaping.md).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/outcome.h"
#include "shaping/limit_key.h"
#include "shaping/signal_window.h"

namespace penstock::shaping {

// In the order of strength.
enum class ActionKind : std::uint8_t { Slow, Backoff, Suspend, Stop };
[[nodiscard]] std::string_view to_string(ActionKind kind);  // "slow", "backoff", "suspend", "stop"

struct ActionRule {
  std::string id;
  model::Scope scope = model::Scope::None;   // that the reply names; None: any
  std::vector<model::OutcomeClass> classes;  // any of them; empty: any
  bool alarms_only = false;                  // only replies that say our configuration is wrong
  Dimensions per;                            // of what tuple: {sender domain, provider}
  std::uint32_t replies = 5;                 // within a minute
  double share = 0.1;                        // of the tuple's answers in that minute …
  std::uint32_t volume = 20;                 // … once there are so many
  ActionKind kind = ActionKind::Slow;
  double factor = 0.5;                        // Slow, Backoff: of the usual rate
  Duration length{std::chrono::minutes{15}};  // 0: until a person ends it
  Duration longest{std::chrono::hours{6}};    // each repetition is twice as long, up to this
  bool alarm = false;                         // tell a person
};
// What ships: an authentication failure of a domain stops it at that provider with an alarm; doubts about a domain or
// a DKIM domain slow it there; a campaign that is called spam is suspended there for a while.
[[nodiscard]] std::vector<ActionRule> shipped_action_rules();

// An action in force and its cause record.
struct Action {
  ActionKind kind = ActionKind::Slow;
  LimitKey key;
  double factor = 1;
  std::string rule{};         // id, or what the operator wrote
  std::string reply{};        // the last one that counted
  std::uint32_t replies = 0;  // that counted …
  std::uint32_t answers = 0;  // … of so many
  Time since{};
  std::optional<Time> until{};  // none: until a person ends it
  bool alarm = false;
  bool pinned = false;  // by an operator: replies do not change it
  std::string by{};
  std::uint32_t repetitions = 0;
  [[nodiscard]] std::string next() const;  // in words: what happens next
};

class ActionBook {
 public:
  static constexpr std::size_t kTuplesMost = 100'000;

  explicit ActionBook(std::vector<ActionRule> rules) : rules_(std::move(rules)), windows_(rules_.size()) {}

  // Returns the action that this answer began or prolonged; valid until the next call.
  const Action* observe(const model::Outcome& outcome, const LimitKey& facts, Time now);
  // The strongest action in force for an attempt with these facts.
  [[nodiscard]] const Action* find(const LimitKey& facts, Time now) const;
  // What an operator sets, on any tuple; replaces what is there.
  void pin(Action action);
  // Ends what is there, and forgets its repetitions and counts. False: there was nothing.
  bool clear(const LimitKey& key);
  // All in force; also what a restart must not forget: hand them to restore().
  [[nodiscard]] std::vector<Action> list(Time now) const;
  void restore(std::vector<Action> actions);

 private:
  [[nodiscard]] static bool in_force(const Action& action, Time now) { return !action.until || now < *action.until; }
  const Action* act(const ActionRule& rule, const LimitKey& key, SignalWindow& window, const model::Outcome& outcome,
                    Time now);

  std::vector<ActionRule> rules_;
  std::vector<boost::unordered_flat_map<LimitKey, SignalWindow, std::hash<LimitKey>>> windows_;  // by rule
  boost::unordered_flat_map<LimitKey, Action, std::hash<LimitKey>> actions_;
};

}  // namespace penstock::shaping
