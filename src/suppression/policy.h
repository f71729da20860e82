// SPDX-License-Identifier: Apache-2.0
// Policy: what turns a bounce, a complaint or an unsubscription into suppressions: the defaults of model/class_policy.h
// with what the configuration changes.
//
// Use:  if (const auto entry = policy.on_bounce(bounce, wall)) list.add({*entry}, Overwrite::Weaker, done);
// Pure; constant once made; any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "model/class_policy.h"
#include "model/reply.h"
#include "suppression/entry.h"

namespace penstock::suppression {

// A recipient that failed for good.
struct Bounce {
  std::string address;
  model::OutcomeClass outcome_class = model::OutcomeClass::Other;
  std::string reason;  // the receiver's reply, or the report's diagnostic
  std::string source;  // the event: "01K8Q2R5VX3ZP/0"
  std::string who;     // "delivery", "feedback"
  std::string stream, tenant;
  bool answered = true;  // a receiver said something; trouble on the way says nothing of the address
};

class Policy {
 public:
  explicit Policy(const config::Suppression& settings);

  [[nodiscard]] std::optional<Entry> on_bounce(const Bounce& bounce, Time wall) const;
  // Whether it is one of several failures that together may suppress (soft_bounces.h).
  [[nodiscard]] bool counts_as_soft(const Bounce& bounce) const;
  // The entry when they have.
  [[nodiscard]] Entry on_soft_bounces(const Bounce& bounce, std::uint64_t messages, Time wall) const;
  // In the stream's scope when it has one, and everywhere if `global`; for so long, zero: for good.
  [[nodiscard]] static std::vector<Entry> on_complaint(const Bounce& complaint, bool global, Duration lasts, Time wall);
  // In the list's scope if there is one, else the stream's, else everywhere.
  [[nodiscard]] static Entry on_unsubscribe(const Bounce& wish, std::string_view list, Time wall);

  [[nodiscard]] const config::SoftBounces& soft() const { return soft_; }

 private:
  struct Rule {
    bool suppress = false;
    Duration lasts{0};
    config::SuppressionScope scope = config::SuppressionScope::Global;
    bool investigate = false;
  };
  std::array<Rule, static_cast<std::size_t>(model::OutcomeClass::Other) + 1> rules_;
  config::SoftBounces soft_;
};

}  // namespace penstock::suppression
