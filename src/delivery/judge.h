// SPDX-License-Identifier: Apache-2.0
// Judge: gives what receivers said its meaning, once: class, rule, scope, and whether another try follows. Everything
// after it (settlement, limits, events, suppression) goes by that.
//
// Use:  judge.judge(outcomes, provider);       // of a transaction
//       judge.judge_connection(failure, provider);  // a host that did not let us in
// Only replies are judged: trouble of our own finding (time-outs, DNS, TLS) has its class already. What was delivered
// costs a look at its kind; the same reply to many recipients is classified once.
// An outcome that says our configuration is wrong (no SPF, no PTR …) is counted, logged, each rule once an hour, and
// kept for a day after the last for alarms(). Threads: the shard's.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "classify/classifier.h"
#include "delivery/probe.h"
#include "model/outcome.h"

namespace penstock::delivery {

// What receivers hold against our configuration.
struct ConfigurationAlarm {
  std::string rule, provider;  // provider "": a receiver that belongs to none
  model::OutcomeClass outcome_class = model::OutcomeClass::Authentication;
  std::uint64_t count = 0;
  Time since, last;   // wall
  std::string reply;  // the last
};

class Judge {
 public:
  static constexpr Duration kAlarmEvery{std::chrono::hours{1}};
  static constexpr Duration kAlarmKept{std::chrono::hours{24}};
  static constexpr std::size_t kAlarmsMax = 100;

  Judge(const Clock& clock, Probe& probe) : clock_(clock), probe_(probe) {}
  void set_classifier(std::shared_ptr<const classify::Classifier> classifier) { classifier_ = std::move(classifier); }

  void judge(std::span<model::Outcome> outcomes, std::string_view provider);
  // Stays a deferral whatever the words: another host or a later hour may let us in.
  void judge_connection(model::Outcome& failure, std::string_view provider);
  // A relay that did not let us sign in: our configuration is at fault, never the mail.
  void sign_in_failed(model::Outcome& failure, std::string_view host);
  // Those of the last day.
  [[nodiscard]] std::vector<ConfigurationAlarm> alarms() const;

 private:
  void raise(const model::Outcome& outcome, std::string_view provider);
  void keep(const model::Outcome& outcome, std::string_view provider);

  const Clock& clock_;
  Probe& probe_;
  std::shared_ptr<const classify::Classifier> classifier_;
  std::map<std::string_view, Time> raised_;  // by rule; ids live as long as the process
  std::vector<ConfigurationAlarm> alarms_;
};

}  // namespace penstock::delivery
