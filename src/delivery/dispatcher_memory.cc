// SPDX-License-Identifier: Apache-2.0
// What a restart must not forget, and what operators set on paths.
#include <fmt/format.h>

#include <algorithm>

#include "delivery/dispatcher.h"

namespace penstock::delivery {

ShapingMemory Dispatcher::memory() const {
  const Time now = parts_.clock.now();
  const std::size_t shards = outboxes_.size();
  const std::size_t index = parts_.shard.index();
  ShapingMemory memory{limiters_.learned(index, shards), actions_.list(now)};
  boost::unordered_flat_map<shaping::PathKey, std::size_t, std::hash<shaping::PathKey>> known;
  for (std::size_t i = 0; !avoided_.empty() && i < memory.paths.size(); ++i) known[memory.paths[i].key] = i;
  for (const auto& [key, until] : avoided_) {
    // Who sends there tells it, and until somebody does one of the shards.
    const bool mine = limiters_.find(key) != nullptr || std::hash<shaping::PathKey>()(key) % shards == index;
    if (until <= now || !mine) continue;
    const auto [at, is_new] = known.try_emplace(key, memory.paths.size());
    if (is_new) memory.paths.push_back({.key = key, .state = {}});
    memory.paths[at->second].avoided_until = until;
  }
  return memory;
}

std::optional<shaping::Explanation> Dispatcher::explain(const shaping::PathKey& key) const {
  return limiters_.explain(key, fmt::format("{}/{}", parts_.names.view(key.vmta), parts_.names.view(key.group)),
                           plan_->trouble, parts_.clock.now());
}

void Dispatcher::each_pathless(
    const std::function<void(const shaping::PathKey&, const shaping::Explanation&)>& visit) const {
  const auto show = [&](const shaping::PathKey& key) {
    if (paths_.contains(key)) return;
    const auto why = explain(key);
    if (why && (why->state != shaping::State::Normal || !why->by.empty())) visit(key, *why);
  };
  limiters_.each([&](const shaping::PathKey& key, const shaping::Limiter&) { show(key); });
  limiters_.each_remembered(parts_.shard.index(), outboxes_.size(), show);
}

bool Dispatcher::has_action(const shaping::Action& action) const {
  if (action.pinned) return true;
  // The fact is a provider's name, or the home of a site without provider, "site:mx.example".
  const std::string_view name = parts_.names.view(action.key[shaping::Dimension::Provider]);
  const bool is_home = name.find(':') != std::string_view::npos;
  return owner_of(parts_.names.intern(is_home ? std::string(name) : fmt::format("provider:{}", name))) ==
         parts_.shard.index();
}

// A path's shard is not known before its destination is: every shard is told of all, and takes what comes to it.
void Dispatcher::restore(ShapingMemory memory) {
  const Time now = parts_.clock.now();
  for (LearnedPath& path : memory.paths) {
    Time until = std::max(path.state.suspended_until, path.avoided_until);
    if (path.pin && path.pin->suspended) until = std::max(until, path.pin->until.value_or(now + std::chrono::hours{1}));
    if (path.trouble) until = std::max(until, path.trouble->until);
    if (until > now) {
      Time& known = avoided_[path.key];
      known = std::max(known, until);
    }
    if (path.says_more()) limiters_.remember(std::move(path));
  }
  std::erase_if(memory.actions, [this](const shaping::Action& action) { return !has_action(action); });
  if (!memory.actions.empty()) actions_.restore(std::move(memory.actions));
}

bool Dispatcher::pin_path(const shaping::PathKey& key, const std::optional<shaping::Pin>& pin) {
  const Time now = parts_.clock.now();
  const bool done = limiters_.pin(key, pin, now);
  const bool was_avoided = avoided_.erase(key) > 0;
  if (pin && pin->suspended) avoided_[key] = pin->until.value_or(now + std::chrono::hours{1});
  look_anew(key);
  if (was_avoided) bring_back();
  return done;
}

void Dispatcher::look_anew(const shaping::PathKey& key) {
  for (const auto& [its_key, path] : paths_) {
    const auto& scopes = path->scope_keys();
    if (std::find(scopes.begin(), scopes.end(), key) == scopes.end()) continue;
    look_at_state(*path);
    // Not when what held until now would have ended.
    const auto is_its = [&its = its_key](const auto& wake) { return wake.second == its; };
    if (std::erase_if(wakes_, is_its) > 0) path->scheduled = false;
    for (const auto& [site, lane] : path->lanes()) nudge(*lane, lane->ready.size());
  }
}

bool Dispatcher::clear_path(const shaping::PathKey& key) {
  const bool known = limiters_.clear(key, parts_.clock.now());
  avoided_.erase(key);
  reset_trouble([&key](const Path& path) { return path.key() == key; });
  look_anew(key);
  bring_back();
  return known;
}

}  // namespace penstock::delivery
