// SPDX-License-Identifier: Apache-2.0
// Judge: gives what receivers said its meaning, once: class, rule, scope, and whether another try follows. Everything
// after it (settlement, limits, events, suppression) goes by that.
//
// Use:  judge.judge(outcomes, provider);       // of a transaction
//       judge.judge_connection(failure, provider);  // a host that did not let us in
// Only replies are judged: trouble of our own finding (time-outs, DNS, TLS) has its class already. What was delivered
// costs a look at its kind; the same reply to many recipients is classified once.
// An outcome that says our configuration is wrong (no SPF, no PTR …) is counted and logged, each rule once an hour.
// Threads: the shard's.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "classify/classifier.h"
#include "delivery/probe.h"
#include "model/outcome.h"

namespace penstock::delivery {

class Judge {
 public:
  static constexpr Duration kAlarmEvery{std::chrono::hours{1}};

  Judge(const Clock& clock, Probe& probe) : clock_(clock), probe_(probe) {}
  void set_classifier(std::shared_ptr<const classify::Classifier> classifier) { classifier_ = std::move(classifier); }

  void judge(std::span<model::Outcome> outcomes, std::string_view provider);
  // Stays a deferral whatever the words: another host or a later hour may let us in.
  void judge_connection(model::Outcome& failure, std::string_view provider);
  // A relay that did not let us sign in: our configuration is at fault, never the mail.
  void sign_in_failed(model::Outcome& failure, std::string_view host);

 private:
  void raise(const model::Outcome& outcome, std::string_view provider);

  const Clock& clock_;
  Probe& probe_;
  std::shared_ptr<const classify::Classifier> classifier_;
  std::map<std::string_view, Time> raised_;  // by rule; ids live as long as the process
};

}  // namespace penstock::delivery
