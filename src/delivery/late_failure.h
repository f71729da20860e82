// SPDX-License-Identifier: Apache-2.0
// LateFailure: a receiver took a recipient and said later, by a bounce mail, what it would else have said at once.
//
// Use:  dispatcher.hear(failure);   // any dispatcher: it goes to the shard that has the receiver's paths
// Names are those of the event log; "" where it does not tell. Plain values; any thread.
#pragma once

#include <string>

#include "model/outcome.h"

namespace penstock::delivery {

struct LateFailure {
  model::Outcome outcome;
  std::string vmta, provider, site, recipient_domain;
  std::string stream, tenant, campaign, pool, sender_domain, dkim_domain;
};

}  // namespace penstock::delivery
