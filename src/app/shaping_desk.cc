// SPDX-License-Identifier: Apache-2.0
#include "app/shaping_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/errc.h"
#include "app/ask_shards.h"
#include "app/path_ahead.h"

namespace penstock::app {
namespace {

using shaping::Action;
using shaping::ActionKind;
using shaping::LimitKey;

}  // namespace

std::string words_of(const api::ActionRow& row) {
  std::string words = row.kind;
  for (const auto& [key, name] : row.tuple) words += fmt::format(" {}={}", key, name);
  if (row.rate > 0) words += fmt::format(" rate={:.3g}/s", row.rate);
  if (!row.rule.empty()) words += fmt::format(" ({}{})", row.pinned ? "by " + row.by + ": " : "rule ", row.rule);
  return words;
}

namespace {

ActionKind kind_of(const std::string& word) {
  for (const ActionKind kind : {ActionKind::Slow, ActionKind::Backoff, ActionKind::Suspend}) {
    if (to_string(kind) == word) return kind;
  }
  return ActionKind::Stop;
}

// All mail of a provider or site goes by one shard, whichever it is: that one may use the whole rate.
bool on_one_shard(const LimitKey& key) {
  return key[shaping::Dimension::Provider] || key[shaping::Dimension::Site];
}

}  // namespace

api::ActionRow ShapingDesk::row_of(const Action& action) const {
  api::ActionRow row;
  row.kind = to_string(action.kind);
  for (const std::string_view key : api::kTupleKeys) {
    const auto which = shaping::parse_dimension(key);
    if (which && action.key[*which]) row.tuple.emplace_back(key, names_.view(action.key[*which]));
  }
  row.rate = action.rate;
  row.rule = action.rule;
  row.reply = action.reply;
  row.replies = action.replies;
  row.answers = action.answers;
  row.since = clock_.to_wall(action.since);
  if (action.until) row.until = clock_.to_wall(*action.until);
  row.alarm = action.alarm;
  row.pinned = action.pinned;
  row.recovering = action.ramps();
  row.by = action.by;
  row.next = action.next();
  return row;
}

// What an operator sets stands on every shard, with its share of the rate; what a rule made, on the one that has the
// provider's paths.
std::vector<api::ActionRow> ShapingDesk::actions() {
  std::vector<std::pair<LimitKey, api::ActionRow>> all;
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) {
    for (const Action& action : dispatcher.actions().list(clock_.now())) {
      const std::uint64_t held = dispatcher.actions().held(action.key);
      const auto known =
          std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == action.key; });
      if (known != all.end()) {
        known->second.held += held;
        if (!on_one_shard(action.key)) known->second.rate += action.rate;
        continue;
      }
      all.emplace_back(action.key, row_of(action));
      all.back().second.held = held;
    }
  });
  std::vector<api::ActionRow> rows;
  rows.reserve(all.size());
  for (auto& [key, row] : all) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
  return rows;
}

Result<> ShapingDesk::changed(const api::Actor& actor, const std::string& what) {
  audit_(actor, what);
  auto kept = keep_();
  if (kept) return {};
  return fail(api::Errc::Unavailable, "it holds now, but a restart would forget it, for it cannot be written down: " +
                                          kept.error().to_string());
}

Result<LimitKey> ShapingDesk::key_of(const api::Tuple& tuple) {
  LimitKey key;
  for (const auto& [name, value] : tuple) {
    const auto which = shaping::parse_dimension(name);
    if (!which) return fail(api::Errc::BadRequest, "there is no \"" + name + "\" in a tuple");
    key[*which] = names_.intern(value);
  }
  return key;
}

Result<api::ActionRow> ShapingDesk::set_action(const api::ActionRequest& request, const api::Actor& actor) {
  if (auto known = known_(request.tuple); !known) return fail(known.error());
  const auto key = key_of(request.tuple);
  if (!key) return fail(key.error());
  Action action{.kind = kind_of(request.kind), .key = *key};
  action.rate = on_one_shard(*key) ? request.rate : request.rate / static_cast<double>(engine_.count());
  action.rule = request.reason;
  action.by = actor.name;
  action.since = clock_.now();
  action.pinned = true;
  if (request.until != Time{}) action.until = clock_.from_wall(request.until);
  std::string before;
  for (const api::ActionRow& row : actions()) {
    if (row.tuple == row_of(action).tuple) before = words_of(row);
  }
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) { dispatcher.pin_action(action); });
  api::ActionRow row = row_of(action);
  row.rate = request.rate;
  auto kept =
      changed(actor, fmt::format("action set {}{}", words_of(row), before.empty() ? "" : "; before: " + before));
  if (!kept) return fail(kept.error());
  return row;
}

Result<std::vector<api::ActionRow>> ShapingDesk::clear_actions(const api::Tuple& tuple, bool all,
                                                               const api::Actor& actor) {
  std::vector<api::ActionRow> cleared;
  for (api::ActionRow& row : actions()) {
    if (all || row.tuple == tuple) cleared.push_back(std::move(row));
  }
  if (cleared.empty() && !all) return fail(api::Errc::NotFound, "there is no action on exactly this tuple");
  for (const api::ActionRow& row : cleared) {
    const auto key = key_of(row.tuple);
    if (!key) return fail(key.error());
    ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) { dispatcher.clear_action(*key); });
    if (auto kept = changed(actor, "action clear; before: " + words_of(row)); !kept) return fail(kept.error());
  }
  return cleared;
}

Result<shaping::PathKey> ShapingDesk::path_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  const shaping::PathKey key{names_.find(path.substr(0, slash)),
                             slash == std::string::npos ? model::NameId{} : names_.find(path.substr(slash + 1))};
  if (!key.vmta || !key.group) return fail(api::Errc::NotFound, "there is no path \"" + path + "\"");
  return key;
}

// Before the first mailing too: the vMTA and the provider must be known, a site or domain is believed.
Result<shaping::PathKey> ShapingDesk::path_to_pin(const std::string& path) {
  const std::size_t slash = path.find('/');
  const std::string group = slash == std::string::npos ? "" : path.substr(slash + 1);
  const std::string_view within = shaping::parts_of_group(group).group;
  const bool is_provider = within.starts_with("provider:") && names_.find(within);
  const bool is_other = within.starts_with("site:") || within.starts_with("domain:");
  const model::NameId vmta = names_.find(path.substr(0, slash));
  bool has_vmta = false;
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) {
    has_vmta = has_vmta || dispatcher.plan_ptr()->find_vmta(vmta) != nullptr;
  });
  if (has_vmta && (is_provider || is_other)) return shaping::PathKey{vmta, names_.intern(group)};
  auto key = path_of(path);
  if (key && state_of(*key).empty()) return fail(api::Errc::NotFound, "there is no path \"" + path + "\"");
  return key;
}

std::uint32_t ShapingDesk::ceiling_of(const shaping::PathKey& key) {
  std::optional<std::uint32_t> ceiling;
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) {
    if (const shaping::Limiter* limiter = dispatcher.find_limiter(key)) ceiling = limiter->limits().connections;
  });
  return ceiling ? *ceiling : ceiling_ahead(engine_, names_, key);
}

std::string ShapingDesk::state_of(const shaping::PathKey& key) {
  std::string words;
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) {
    const auto known = dispatcher.explain(key);
    if (!known || (dispatcher.find_limiter(key) == nullptr && !words.empty())) return;
    const shaping::Explanation& why = *known;
    words = fmt::format("{}", to_string(why.state));
    if (why.connection_limit != shaping::Explanation::kNoLimit) {
      words += fmt::format(", {} connections", why.connection_limit);
    }
    if (why.rate > 0) words += fmt::format(", {:.3g}/s", why.rate);
    if (!why.by.empty()) words += ", pinned by " + why.by;
  });
  return words;
}

Result<> ShapingDesk::pin_path(const api::PathPin& request, const api::Actor& actor) {
  const auto key = path_to_pin(request.path);
  if (!key) return fail(key.error());
  if (request.connections == 0U) {
    return fail(api::Errc::BadRequest, "0 connections send nothing: suspend the path instead");
  }
  const std::uint32_t ceiling = request.connections ? ceiling_of(*key) : 0;
  if (request.connections && ceiling != 0 && *request.connections > ceiling) {
    return fail(api::Errc::BadRequest,
                fmt::format("the path may have {} connections at most, and a pin does not raise that; `penstock path "
                            "explain` tells where it is from",
                            ceiling));
  }
  shaping::Pin pin;
  pin.connections = request.connections;
  if (request.rate > 0) pin.rate = request.rate;
  pin.suspended = request.suspend;
  if (request.until != Time{}) pin.until = clock_.from_wall(request.until);
  pin.by = actor.name;
  pin.reason = request.reason;
  pin.since = clock_.now();
  const std::string before = state_of(*key);
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) { dispatcher.pin_path(*key, pin); });
  std::string what = "path pin " + request.path;
  if (pin.connections) what += fmt::format(" connections={}", *pin.connections);
  if (pin.rate) what += fmt::format(" rate={:.3g}/s", *pin.rate);
  if (pin.suspended) what += " suspended";
  if (!pin.reason.empty()) what += ": " + pin.reason;
  return changed(actor, what + "; before: " + (before.empty() ? "unknown" : before));
}

Result<> ShapingDesk::unpin_path(const std::string& path, const api::Actor& actor) {
  const auto key = path_of(path);
  if (!key) return fail(key.error());
  const std::string before = state_of(*key);
  bool found = false;
  ask_shards(engine_,
             [&](delivery::Dispatcher& dispatcher) { found = dispatcher.pin_path(*key, std::nullopt) || found; });
  if (!found) return fail(api::Errc::NotFound, "nobody has pinned \"" + path + "\"");
  return changed(actor, fmt::format("path unpin {}; before: {}", path, before.empty() ? "pinned" : before));
}

Result<> ShapingDesk::clear_path(const std::string& path, const api::Actor& actor) {
  const auto key = path_of(path);
  if (!key) return fail(key.error());
  const std::string before = state_of(*key);
  bool found = false;
  ask_shards(engine_, [&](delivery::Dispatcher& dispatcher) { found = dispatcher.clear_path(*key) || found; });
  if (!found) return fail(api::Errc::NotFound, "nothing was sent on \"" + path + "\" lately");
  return changed(actor, fmt::format("path clear {}; before: {}", path, before.empty() ? "unknown" : before));
}

}  // namespace penstock::app
