// SPDX-License-Identifier: Apache-2.0
#include "app/shaping_store.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "base/log.h"

namespace penstock::app {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 1> kSteps{
    "CREATE TABLE shaping (shard INTEGER NOT NULL, row INTEGER NOT NULL, saved INTEGER NOT NULL, value TEXT NOT NULL, "
    "PRIMARY KEY (shard, row)) WITHOUT ROWID"};

std::int64_t wall_us(const Clock& clock, Time time) {
  if (time == Time{}) return 0;
  return time == Time::max() ? -1 : clock.to_wall(time).time_since_epoch().count();
}

std::string text(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

double number(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

std::uint32_t count(const json::object& from, std::string_view key) {
  return static_cast<std::uint32_t>(std::clamp(number(from, key), 0.0, 4e9));
}

bool flag(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Time time(const json::object& from, std::string_view key, const Clock& clock) {
  const auto us = static_cast<std::int64_t>(number(from, key));
  if (us == 0) return {};
  return us < 0 ? Time::max() : clock.from_wall(Time{Duration{us}});
}

std::optional<Time> end(const json::object& from, const Clock& clock) {
  const Time until = time(from, "until", clock);
  return until == Time{} ? std::nullopt : std::optional(until);
}

shaping::TroubleState trouble_of(const json::object& from, const Clock& clock) {
  shaping::TroubleState state;
  state.failures = count(from, "failures");
  state.suspensions = count(from, "suspensions");
  state.ramp = count(from, "ramp");
  state.ramp_successes = count(from, "ramp_successes");
  state.since = time(from, "since", clock);
  state.until = time(from, "until", clock);
  state.cause = text(from, "cause");
  return state;
}

shaping::MessageCap::Learned messages_of(const json::object& from, const Clock& clock) {
  return {count(from, "messages_per_connection"), time(from, "messages_since", clock), count(from, "messages_grown")};
}

}  // namespace

Result<> ShapingStore::open() {
  return writer_.migrate("shaping", kSteps);
}

std::string ShapingStore::text_of(const delivery::LearnedPath& path) const {
  const shaping::LearnedState& s = path.state;
  json::object object{{"path", names_.view(path.key.vmta)},
                      {"group", names_.view(path.key.group)},
                      {"rate", s.rate},
                      {"rate_ceiling", s.rate_ceiling},
                      {"rate_credit", s.rate_credit},
                      {"connections", s.connections},
                      {"connection_ceiling", s.connection_ceiling},
                      {"suspended_until", wall_us(clock_, s.suspended_until)},
                      {"backoff_until", wall_us(clock_, s.backoff_until)},
                      {"since", wall_us(clock_, s.since)},
                      {"backoffs", s.backoffs},
                      {"rule", s.rule},
                      {"cause", s.cause}};
  if (path.pin) {
    json::object pin{{"suspended", path.pin->suspended},
                     {"by", path.pin->by},
                     {"reason", path.pin->reason},
                     {"since", wall_us(clock_, path.pin->since)}};
    if (path.pin->connections) pin["connections"] = *path.pin->connections;
    if (path.pin->rate) pin["rate"] = *path.pin->rate;
    if (path.pin->until) pin["until"] = wall_us(clock_, *path.pin->until);
    object["pin"] = std::move(pin);
  }
  if (path.messages.known > 0) {
    object["messages_per_connection"] = path.messages.known;
    object["messages_since"] = wall_us(clock_, path.messages.since);
  }
  if (path.messages.grown > 0) object["messages_grown"] = path.messages.grown;
  if (path.avoided_until != Time{}) object["avoided_until"] = wall_us(clock_, path.avoided_until);
  if (path.trouble) {
    const shaping::TroubleState& t = *path.trouble;
    object["trouble"] = {{"failures", t.failures},
                         {"suspensions", t.suspensions},
                         {"ramp", t.ramp},
                         {"ramp_successes", t.ramp_successes},
                         {"since", wall_us(clock_, t.since)},
                         {"until", wall_us(clock_, t.until)},
                         {"cause", t.cause}};
  }
  return json::serialize(object);
}

std::string ShapingStore::text_of(const shaping::Action& action) const {
  json::object key;
  for (std::size_t i = 0; i < shaping::kDimensions; ++i) {
    if (action.key.names[i]) key[to_string(static_cast<shaping::Dimension>(i))] = names_.view(action.key.names[i]);
  }
  json::object object{{"action", to_string(action.kind)},
                      {"key", std::move(key)},
                      {"rate", action.rate},
                      {"rule", action.rule},
                      {"reply", action.reply},
                      {"replies", action.replies},
                      {"answers", action.answers},
                      {"since", wall_us(clock_, action.since)},
                      {"alarm", action.alarm},
                      {"pinned", action.pinned},
                      {"by", action.by},
                      {"repetitions", action.repetitions},
                      {"usual", action.usual}};
  if (action.ramps()) object["ramp_from"] = action.ramp_from;
  if (action.until) object["until"] = wall_us(clock_, *action.until);
  return json::serialize(object);
}

void ShapingStore::save(std::size_t shard, const delivery::ShapingMemory& memory) {
  std::vector<std::string> rows;
  rows.reserve(memory.actions.size() + memory.paths.size());
  for (const shaping::Action& action : memory.actions) rows.push_back(text_of(action));
  for (const delivery::LearnedPath& path : memory.paths) rows.push_back(text_of(path));
  if (rows.size() > kRowsMost) rows.resize(kRowsMost);
  const std::size_t shards = written_.size();
  std::vector<std::string> before;  // rows that stand there; none: all are replaced
  {
    const std::lock_guard lock(mutex_);
    Written& written = written_[shard];
    if (written.rows == rows) return;
    const Time now = clock_.now();
    before = std::exchange(written.rows, rows);
    if (before.empty() || now - written.whole >= kEvery) {
      before.clear();
      written.whole = now;
    }
  }
  const std::int64_t saved = clock_.wall().time_since_epoch().count();
  const auto work = [shard, shards, saved, before = std::move(before),
                     rows = std::move(rows)](state::Database& db) -> Result<> {
    // Parts of shards that a run with more of them left behind go with the first.
    auto remove = db.prepare("DELETE FROM shaping WHERE (shard = ?1 AND row >= ?2) OR shard >= ?3");
    if (!remove) return fail(remove.error());
    remove->bind(1, static_cast<std::int64_t>(shard));
    remove->bind(2, static_cast<std::int64_t>(before.empty() ? 0 : rows.size()));
    remove->bind(3, static_cast<std::int64_t>(shards));
    if (auto done = remove->run(); !done) return done;
    auto insert = db.prepare("INSERT OR REPLACE INTO shaping (shard, row, saved, value) VALUES (?1, ?2, ?3, ?4)");
    if (!insert) return fail(insert.error());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i < before.size() && before[i] == rows[i]) continue;
      insert->bind(1, static_cast<std::int64_t>(shard));
      insert->bind(2, static_cast<std::int64_t>(i));
      insert->bind(3, saved);
      insert->bind(4, rows[i]);
      if (auto done = insert->run(); !done) return done;
    }
    return {};
  };
  writer_.submit(work, [](const Result<>& result) {
    if (!result) log::warn("app", "what was learned of limits is not saved: {}", result.error().to_string());
  });
}

// The writer works in the order of submission.
Result<> ShapingStore::wait() {
  return writer_.run([](state::Database&) -> Result<> { return {}; });
}

Result<delivery::ShapingMemory> ShapingStore::load() {
  delivery::ShapingMemory memory;
  auto db = state::Database::open(writer_.path(), {.access = state::Access::Read});
  if (!db) return fail(db.error());
  auto rows = db->prepare("SELECT saved, value FROM shaping ORDER BY saved");
  if (!rows) return fail(rows.error());
  while (true) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    read(rows->text(1), Time{Duration{rows->integer(0)}}, memory);
  }
  return memory;
}

void ShapingStore::read(std::string_view row, Time saved, delivery::ShapingMemory& memory) {
  boost::system::error_code error;
  const json::value parsed = json::parse(row, error);
  if (error || !parsed.is_object()) return;
  const json::object& from = parsed.get_object();
  const Time now = clock_.now();
  if (const std::string kind = text(from, "action"); !kind.empty()) {
    shaping::Action action;
    for (const auto one : {shaping::ActionKind::Slow, shaping::ActionKind::Backoff, shaping::ActionKind::Suspend,
                           shaping::ActionKind::Stop}) {
      if (to_string(one) == kind) action.kind = one;
    }
    const json::value* key = from.if_contains("key");
    for (const auto& [name, value] : key != nullptr && key->is_object() ? key->get_object() : json::object()) {
      const auto which = shaping::parse_dimension(std::string_view(name.data(), name.size()));
      if (which && value.is_string()) action.key[*which] = names_.intern(std::string(value.get_string()));
    }
    action.rate = number(from, "rate");
    action.rule = text(from, "rule");
    action.reply = text(from, "reply");
    action.replies = count(from, "replies");
    action.answers = count(from, "answers");
    action.since = time(from, "since", clock_);
    action.until = end(from, clock_);
    action.alarm = flag(from, "alarm");
    action.pinned = flag(from, "pinned");
    action.by = text(from, "by");
    action.repetitions = count(from, "repetitions");
    action.usual = number(from, "usual");
    action.ramp_from = number(from, "ramp_from");
    action.answered = now;
    if (action.ramp_from > 0) action.recovery = shaping::Recovery::Ramp;
    // One that ended while nobody looked begins its ramp when somebody does; after an hour there is none any more.
    const Time over = action.ramps() ? clock_.from_wall(saved) : action.until.value_or(now);
    if (now - over < shaping::ActionBook::kRampLatest) memory.actions.push_back(std::move(action));
    return;
  }
  delivery::LearnedPath path{{names_.intern(text(from, "path")), names_.intern(text(from, "group"))}, {}};
  shaping::LearnedState& s = path.state;
  const Duration age = clock_.wall() - saved;
  if (age < kStale) {
    const double share = age < kFresh ? 1.0 : 0.5;
    s.rate = number(from, "rate") * share;
    s.rate_ceiling = number(from, "rate_ceiling");
    s.rate_credit = number(from, "rate_credit");
    const std::uint32_t connections = count(from, "connections");
    s.connections = share < 1 ? (connections + 1) / 2 : connections;
    s.connection_ceiling = count(from, "connection_ceiling");
    path.messages = messages_of(from, clock_);
  }
  s.suspended_until = time(from, "suspended_until", clock_);
  s.backoff_until = time(from, "backoff_until", clock_);
  s.since = time(from, "since", clock_);
  s.backoffs = count(from, "backoffs");
  path.avoided_until = time(from, "avoided_until", clock_);
  if (path.avoided_until <= now) path.avoided_until = {};
  if (const json::value* kept = from.if_contains("trouble"); kept != nullptr && kept->is_object()) {
    path.trouble = trouble_of(kept->get_object(), clock_);
    if (path.trouble->ramp == 0 || now - path.trouble->until >= shaping::ActionBook::kRampLatest) path.trouble.reset();
  }
  const bool avoided = path.avoided_until > now || path.trouble;
  const bool holds = avoided || s.suspended_until > now || s.backoff_until > now;
  if (age < kStale || holds) {
    s.rule = text(from, "rule");
    s.cause = text(from, "cause");
  }
  if (const json::value* pinned = from.if_contains("pin"); pinned != nullptr && pinned->is_object()) {
    const json::object& pin = pinned->get_object();
    path.pin.emplace();
    if (pin.contains("connections")) path.pin->connections = count(pin, "connections");
    if (pin.contains("rate")) path.pin->rate = number(pin, "rate");
    path.pin->suspended = flag(pin, "suspended");
    path.pin->until = end(pin, clock_);
    path.pin->by = text(pin, "by");
    path.pin->reason = text(pin, "reason");
    path.pin->since = time(pin, "since", clock_);
    if (path.pin->until && *path.pin->until <= now) path.pin.reset();
  }
  if (age < kStale || holds || path.pin) memory.paths.push_back(std::move(path));
}

}  // namespace penstock::app
