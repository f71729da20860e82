// SPDX-License-Identifier: Apache-2.0
// Probe: the figures this module counts. docs/metrics.md explains them to the operator.
#pragma once

#include <array>

#include "metrics/metrics.h"
#include "model/outcome.h"
#include "shaping/action_book.h"

namespace penstock::delivery {

struct Probe {
  explicit Probe(metrics::Registry& registry);

  [[nodiscard]] metrics::Counter& attempt(model::OutcomeKind kind) { return *attempts[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] metrics::Counter& action(shaping::ActionKind kind) { return *actions[static_cast<std::size_t>(kind)]; }

  std::array<metrics::Counter*, 4> actions;   // begun by rules, by kind
  std::array<metrics::Counter*, 3> attempts;  // outcomes of recipients by kind: delivered, deferred, bounced
  metrics::Counter& expired;
  metrics::Counter& transactions;
  metrics::Counter& bytes;                 // of bodies that were sent, accepted or not
  metrics::Counter& connections;           // opened, usable
  metrics::Counter& connection_failures;   // hosts that could not be used
  metrics::Counter& own_shortages;         // connections that our own system had no socket for
  metrics::Counter& reused_lost;           // kept connections that turned out to be gone; the batch went over another
  metrics::Counter& notices;               // DSNs sent
  metrics::Counter& configuration_alarms;  // outcomes that say our configuration is wrong
  metrics::Counter& dkim_signatures;       // made
  metrics::Counter& dkim_wasted;           // of these, for transactions whose body was then never begun to be sent
  metrics::Counter& dkim_unsigned;         // transactions that should have been signed, and no key could
  metrics::Gauge& open_connections;
  metrics::Gauge& paths;
  metrics::Histogram& dkim_seconds;  // of a transaction's signatures, waiting for a worker included
  metrics::Histogram& seconds;       // an attempt, from MAIL to the last answer
};

}  // namespace penstock::delivery
