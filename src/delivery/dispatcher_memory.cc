// SPDX-License-Identifier: Apache-2.0
// What a restart must not forget, and what operators set on paths.
#include "delivery/dispatcher.h"

namespace penstock::delivery {

ShapingMemory Dispatcher::memory() const {
  return {limiters_.learned(parts_.shard.index(), outboxes_.size()), actions_.list(parts_.clock.now())};
}

// A path's shard is not known before its destination is: every shard is told of all, and takes what comes to it.
void Dispatcher::restore(ShapingMemory memory) {
  const Time now = parts_.clock.now();
  for (LearnedPath& path : memory.paths) {
    const Time until = path.pin && path.pin->suspended ? path.pin->until.value_or(now + std::chrono::hours{1}) : Time{};
    const Time suspended = std::max(path.state.suspended_until, until);
    if (suspended > now) avoided_[path.key] = suspended;
    limiters_.remember(std::move(path));
  }
  if (!memory.actions.empty()) actions_.restore(std::move(memory.actions));
}

bool Dispatcher::pin_path(const shaping::PathKey& key, const std::optional<shaping::Pin>& pin) {
  const auto found = paths_.find(key);
  if (found == paths_.end()) return false;
  Path& path = *found->second;
  const Time now = parts_.clock.now();
  const auto& own = path.limiter().scopes().front();
  if (pin) {
    own->pin(*pin, now);
  } else {
    own->unpin(now);
  }
  avoided_.erase(key);
  look_at_state(path);
  // Looked at now, and not when what held until now would have ended.
  if (std::erase_if(wakes_, [&key](const auto& wake) { return wake.second == key; }) > 0) path.scheduled = false;
  for (const auto& [site, lane] : path.lanes()) nudge(*lane, lane->ready.size());
  return true;
}

}  // namespace penstock::delivery
