// SPDX-License-Identifier: Apache-2.0
#include "net/watch.h"

namespace penstock::net {

void WatchList::tick(Watch::Instant now) {
  for (auto at = watches_.begin(); at != watches_.end();) {
    Watch& watch = *at++;  // stepped before the call, which may destroy the watch
    if (watch.deadline_ > now) continue;
    watch.clear();
    watch.expired_ = true;
    watch.on_expiry_();
  }
}

}  // namespace penstock::net
