// SPDX-License-Identifier: Apache-2.0
// ActionBook: what replies did to others than a path: sender domains, DKIM domains, tenants, campaigns, streams, vMTAs.
//
// A rule counts the replies it is about per tuple, and once there are enough of them, by number and by share of all
// answers in its time, it acts on that tuple: slow, back off, suspend, or stop with an alarm. Each action keeps its
// cause. Below the bounds nothing happens: one odd reply stops nobody. A tuple is counted from the first such reply on,
// for as long as they come within a minute of each other.
//
// Use:  if (book.watching() || refused) { if (book.observe(outcome, facts, now)) …tell…; }
//       if (!book.empty()) { const auto held = book.find(facts, now); if (held) … }
// Pure. Threads: one owner. Cost: nothing while nothing is counted and nothing is in force: watching() and empty().
//   Else one look-up per rule (observe), or per shape of tuple with an action (find).
// Limits: kTuplesMost tuples per rule; beyond them no new ones are counted until old ones are quiet.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <unordered_map>
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
  double factor = 0.5;                        // Slow, Backoff: of the tuple's rate when it began …
  double rate = 0;                            // … unless this is given: recipients per second
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
  double rate = 0;            // Slow, Backoff: recipients per second that may still be attempted
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

  static constexpr double kRateLeast = 0.05;  // of recipients per second: what slows stops nobody

  explicit ActionBook(std::vector<ActionRule> rules) : rules_(std::move(rules)), windows_(rules_.size()) {}

  // Answers that are good news count for something: observe() wants to see them too.
  [[nodiscard]] bool watching() const { return watched_ > 0; }
  // No action is in force or remembered.
  [[nodiscard]] bool empty() const { return actions_.empty(); }
  // Returns the action that this answer began or prolonged; valid until the next call.
  const Action* observe(const model::Outcome& outcome, const LimitKey& facts, Time now);
  // The strongest action in force for an attempt with these facts.
  [[nodiscard]] const Action* find(const LimitKey& facts, Time now) const;
  // That on exactly this tuple.
  [[nodiscard]] const Action* at(const LimitKey& key, Time now) const;
  // What an operator sets, on any tuple; replaces what is there.
  void pin(Action action);
  // Ends what is there, and forgets its repetitions and counts. False: there was nothing.
  bool clear(const LimitKey& key);
  // Forgets quiet tuples, and actions that ended so long ago that a repetition would be none. Call now and then.
  void forget_old(Time now);
  // When the next action ends by itself.
  [[nodiscard]] std::optional<Time> next_end(Time now) const;
  // All in force; also what a restart must not forget: hand them to restore().
  [[nodiscard]] std::vector<Action> list(Time now) const;
  void restore(std::vector<Action> actions);

 private:
  [[nodiscard]] static bool in_force(const Action& action, Time now) { return !action.until || now < *action.until; }
  struct Watch {
    SignalWindow window;
    Time since{};
  };
  const Action* act(const ActionRule& rule, const LimitKey& key, Watch& watch, const model::Outcome& outcome, Time now);
  void put(Action action);

  std::vector<ActionRule> rules_;
  std::vector<boost::unordered_flat_map<LimitKey, Watch, std::hash<LimitKey>>> windows_;  // by rule
  std::size_t watched_ = 0;                                                               // tuples in all of them
  std::unordered_map<LimitKey, Action, std::hash<LimitKey>> actions_;
  std::vector<Dimensions> shapes_;  // of the keys of actions_
};

}  // namespace penstock::shaping
