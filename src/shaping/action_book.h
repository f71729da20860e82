// SPDX-License-Identifier: Apache-2.0
// ActionBook: what replies did to others than a path: sender domains, DKIM domains, tenants, campaigns, streams, vMTAs.
//
// A rule counts the replies it is about per tuple, and once there are enough of them, by number and by share of all
// answers in its time, it acts on that tuple: slow, back off, suspend, or stop with an alarm. Each action keeps its
// cause. Below the bounds nothing happens: one odd reply stops nobody. A tuple is counted from the first such reply on,
// for as long as they come within the rule's span of each other.
//
// An action that ends by itself comes back in a ramp: its tuple is slowed to a part of what it sent before, which grows
// with each recipient taken, halves with each reply of the kind that began it (none does after an operator's action),
// and is over at twice what it was.
//
// Use:  if (book.watching() || refused) { if (book.observe(outcome, facts, now)) …tell…; }
//       if (!book.empty()) { const auto held = book.find(facts, now); if (held) … }
//       for (const auto& turn : book.take_turns(now)) …tell…
// Pure. Threads: one owner. Cost: nothing while nothing is counted and nothing is in force: watching() and empty().
//   Else one look-up per rule (observe), or per shape of tuple with an action (find).
// Limits: kTuplesMost tuples per rule; beyond them no new ones are counted until old ones are quiet.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
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
  std::uint32_t replies = 5;                 // within `span`
  double share = 0.1;                        // of the tuple's answers in that time …
  std::uint32_t volume = 20;                 // … once there are so many
  Duration span{SignalWindow::kMinute};
  ActionKind kind = ActionKind::Slow;
  double factor = 0.5;                        // Slow, Backoff: of the tuple's rate when it began …
  double rate = 0;                            // … unless this is given: recipients per second
  Duration length{std::chrono::minutes{15}};  // 0: until a person ends it
  Duration longest{std::chrono::hours{6}};    // each repetition is twice as long, up to this
  bool alarm = false;                         // tell a person
  bool operator==(const ActionRule&) const = default;
};
using ActionRules = std::shared_ptr<const std::vector<ActionRule>>;
// What ships: an authentication failure of a domain stops it at that provider with an alarm; doubts about a domain or
// a DKIM domain slow it there; a campaign that is called spam, and a vMTA whose address a list names, are suspended
// there for a while.
[[nodiscard]] std::vector<ActionRule> shipped_action_rules();

// How an action that has an end comes out of it.
enum class Recovery : std::uint8_t {
  Ahead,  // it has not ended
  Ramp,   // it has; the tuple is slowed, less with each success
  Over    // nothing holds any more
};

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
  double usual = 0;  // recipients per second that its tuple sent when it began; 0: not known
  Recovery recovery = Recovery::Ahead;
  double ramp_from = 0;  // Ramp: its rate never falls below this
  Time answered{};       // Ramp: the last answer that counted for it, or its beginning
  [[nodiscard]] bool ramps() const { return recovery == Recovery::Ramp; }
  // The rate at which the ramp is over.
  [[nodiscard]] double enough() const;
  [[nodiscard]] std::string next() const;  // in words: what happens next
};

class ActionBook {
 public:
  static constexpr std::size_t kTuplesMost = 100'000;

  static constexpr double kRateLeast = 0.05;  // of recipients per second: what slows stops nobody
  // The ramp: begins with this share of what was usual, or this rate where nobody knows that; each recipient taken adds
  // so much of a recipient per second, so that it doubles in ten seconds of success, whatever the rate.
  static constexpr double kRampShare = 0.25;
  static constexpr double kRampRate = 1;
  static constexpr double kRampGrowth = 0.07;
  static constexpr Duration kRampQuiet{std::chrono::minutes{10}};  // without an answer: there is nobody to slow
  static constexpr Duration kRampLatest{std::chrono::hours{1}};    // after its end, where nobody looked until then

  explicit ActionBook(std::vector<ActionRule> rules) : rules_(std::move(rules)), windows_(rules_.size()) {}

  // Other rules from now on. One of the same id that counts the same tuples over the same span goes on with what it has
  // counted; actions of a rule that is no more end, unless an operator pinned them.
  void set_rules(std::vector<ActionRule> rules);
  // Answers that are good news count for something: observe() wants to see them too.
  [[nodiscard]] bool watching() const { return watched_ > 0 || ramps_ > 0; }
  // No action is in force or remembered.
  [[nodiscard]] bool empty() const { return actions_.empty(); }
  // Returns the action that this answer began or prolonged; valid until the next call.
  const Action* observe(const model::Outcome& outcome, const LimitKey& facts, Time now);
  // The strongest action in force for an attempt with these facts. What has ended meanwhile begins its ramp.
  [[nodiscard]] const Action* find(const LimitKey& facts, Time now);
  // That on exactly this tuple.
  [[nodiscard]] const Action* at(const LimitKey& key, Time now);
  // What an operator sets, on any tuple; replaces what is there.
  void pin(Action action);
  // Ends what is there, and forgets its repetitions and counts. False: there was nothing.
  bool clear(const LimitKey& key);
  // Forgets quiet tuples, and actions that ended so long ago that a repetition would be none. Call now and then.
  void forget_old(Time now);
  // What ended by itself since the last call: with a ramp that begins, or for good.
  struct Turn {
    LimitKey key;
    ActionKind kind = ActionKind::Slow;  // what has ended, if a ramp begins
    double rate = 0;                     // the ramp's; 0: nothing holds any more
  };
  [[nodiscard]] std::vector<Turn> take_turns(Time now);
  [[nodiscard]] bool has_turns() const { return !turns_.empty(); }
  // When the next action ends by itself; its ramp, if it has one, is not asked.
  [[nodiscard]] std::optional<Time> next_end(Time now) const;
  // All in force; also what a restart must not forget: hand them to restore().
  [[nodiscard]] std::vector<Action> list(Time now) const;
  void restore(std::vector<Action> actions);

 private:
  // Lets it begin its ramp if it has ended.
  [[nodiscard]] bool in_force(Action& action, Time now);
  void end_ramp(Action& action);
  // An answer to mail that a ramp slows.
  void feed(Action& action, const model::Outcome& outcome, Time now);
  void count_ramps();
  struct Watch {
    SignalWindow window;
    Time since{};
  };
  using Watches = boost::unordered_flat_map<LimitKey, Watch, std::hash<LimitKey>>;
  const Action* act(const ActionRule& rule, const LimitKey& key, Watch& watch, const model::Outcome& outcome, Time now);
  void put(Action action);

  std::vector<ActionRule> rules_;
  std::vector<Watches> windows_;  // by rule
  std::size_t watched_ = 0;       // tuples in all of them
  std::unordered_map<LimitKey, Action, std::hash<LimitKey>> actions_;
  std::vector<Turn> turns_;
  std::size_t ramps_ = 0;           // of actions_
  std::vector<Dimensions> shapes_;  // of the keys of actions_
};

}  // namespace penstock::shaping
