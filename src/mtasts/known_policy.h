// SPDX-License-Identifier: Apache-2.0
// KnownPolicy: a domain's MTA-STS policy as it was fetched, and for how long it holds (RFC 8461 §3.2).
// Ownership: shared and immutable.   Threads: any.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "tlspolicy/mta_sts.h"

namespace penstock::mtasts {

struct KnownPolicy {
  std::string id;    // of the TXT record it was fetched for
  std::string text;  // as the host served it
  tlspolicy::StsPolicy policy;
  Time fetched;  // wall time
  Time expires;  // wall time: fetched and max_age
};
using KnownPolicyPtr = std::shared_ptr<const KnownPolicy>;

}  // namespace penstock::mtasts
