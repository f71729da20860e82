// SPDX-License-Identifier: Apache-2.0
#include "api/json.h"

#include "api/time_text.h"
#include "api/words.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

template <class E>
void add_word(json::object& object, std::string_view key, E value) {
  add(object, key, word_for(value));
}

json::array to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

template <class Number>
json::object to_json(const Flow<Number>& flow) {
  return {{"accepted", flow.accepted},    {"rejected", flow.rejected}, {"delivered", flow.delivered},
          {"deferred", flow.deferred},    {"bounced", flow.bounced},   {"expired", flow.expired},
          {"suppressed", flow.suppressed}};
}

json::array to_json(const AgeBuckets& buckets) {
  json::array array;
  for (const std::uint64_t count : buckets) array.emplace_back(count);
  return array;
}

json::object to_json(const Trouble& trouble) {
  json::object object{{"part", trouble.part}, {"message", trouble.message}};
  add(object, "hint", trouble.hint);
  add(object, "since", trouble.since);
  if (trouble.count > 0) object["count"] = trouble.count;
  add(object, "last", trouble.last);
  return object;
}

json::object to_json(const AgeRow& row) {
  return {{"name", row.name}, {"recipients", to_json(row.recipients)}};
}

std::string_view body_word(model::BodyKind kind) {
  switch (kind) {
    case model::BodyKind::SevenBit: return "7bit";
    case model::BodyKind::EightBitMime: return "8bitmime";
    case model::BodyKind::BinaryMime: return "binarymime";
  }
  return "";
}

void add_labels(json::object& object, const model::Labels& labels) {
  add(object, "stream", labels.stream);
  add(object, "tenant", labels.tenant);
  add(object, "campaign", labels.campaign);
  add(object, "list", labels.list);
}

}  // namespace

void add(json::object& object, std::string_view key, std::string_view text) {
  if (!text.empty()) object[key] = json::string_view(text.data(), text.size());
}

void add(json::object& object, std::string_view key, Time time) {
  if (time != Time{}) object[key] = format_time(time);
}

json::object to_json(const Selection& selection) {
  json::object object;
  add(object, "stream", selection.stream);
  add(object, "tenant", selection.tenant);
  add(object, "campaign", selection.campaign);
  add(object, "domain", selection.domain);
  add(object, "provider", selection.provider);
  add(object, "vmta", selection.vmta);
  add(object, "path", selection.path);
  if (selection.message) object["message"] = model::format_id(*selection.message);
  add(object, "recipient", selection.recipient);
  if (selection.all) object["all"] = true;
  return object;
}

json::object to_json(const QueueCounts& counts) {
  return {{"ready", counts.ready},       {"in_delivery", counts.in_delivery},
          {"deferred", counts.deferred}, {"scheduled", counts.scheduled},
          {"held", counts.held},         {"total", counts.total()}};
}

json::object to_json(const Status& status) {
  json::object object{{"node", status.node}, {"version", status.version}, {"pid", status.pid}};
  add_word(object, "state", status.state);
  add(object, "started", status.started);
  add(object, "now", status.now);
  object["queue"] = to_json(status.queue);
  object["totals"] = to_json(status.totals);
  object["rates"] = to_json(status.rates);
  object["connections_in"] = status.connections_in;
  object["connections_out"] = status.connections_out;
  if (status.memory_bytes > 0) object["memory_bytes"] = status.memory_bytes;
  object["spool_bytes"] = status.spool_bytes;
  object["spool_free_bytes"] = status.spool_free_bytes;
  object["shards"] = status.shards;
  add(object, "config_file", status.config_file);
  add(object, "config_loaded", status.config_loaded);
  object["jobs_running"] = status.jobs_running;
  object["pauses"] = status.pauses;
  json::array troubles;
  for (const Trouble& trouble : status.troubles) troubles.emplace_back(to_json(trouble));
  object["troubles"] = std::move(troubles);
  return object;
}

json::object to_json(const PathRow& row) {
  json::object object{{"path", row.path}, {"vmta", row.vmta}, {"group", row.group}};
  add_word(object, "state", row.state);
  add(object, "cause", row.cause);
  add(object, "since", row.since);
  add(object, "until", row.until);
  object["connections"] = row.connections;
  object["connections_max"] = row.connections_max;
  if (row.rate > 0) object["rate"] = row.rate;
  object["ready"] = row.ready;
  object["in_delivery"] = row.in_delivery;
  object["rates"] = to_json(row.rates);
  object["totals"] = to_json(row.totals);
  object["actions"] = json::array(row.actions.begin(), row.actions.end());
  return object;
}

json::object to_json(const PathValue& value) {
  json::object object{{"key", value.key}, {"value", value.value}, {"origin", value.origin}};
  add(object, "reference", value.reference);
  add(object, "standing", value.standing);
  add(object, "note", value.note);
  return object;
}

json::object to_json(const PathScope& scope) {
  json::object object{{"scope", scope.scope}, {"state", scope.state}};
  add(object, "rule", scope.rule);
  add(object, "cause", scope.cause);
  add(object, "since", scope.since);
  add(object, "until", scope.until);
  object["connections"] = scope.connections;
  object["connections_max"] = scope.connections_max;
  if (scope.rate > 0) object["rate"] = scope.rate;
  if (scope.rate_ceiling > 0) object["rate_ceiling"] = scope.rate_ceiling;
  object["attempts"] = scope.attempts;
  object["refusals"] = scope.refusals;
  if (scope.messages_per_connection > 0) object["messages_per_connection"] = scope.messages_per_connection;
  add(object, "next", scope.next);
  add(object, "by", scope.by);
  return object;
}

json::object to_json(const PathExplanation& explanation) {
  json::object object{{"path", explanation.path}};
  add(object, "provider", explanation.provider);
  add(object, "found_by", explanation.found_by);
  object["values"] = to_json_array(explanation.values);
  object["scopes"] = to_json_array(explanation.scopes);
  return object;
}

json::object to_json(const QueueRow& row) {
  json::object object{{"name", row.name}, {"counts", to_json(row.counts)}};
  add(object, "oldest", row.oldest);
  add(object, "next_attempt", row.next_attempt);
  add(object, "paused", row.paused);
  return object;
}

json::object to_json(const QueueList& list) {
  return {{"queues", to_json_array(list.rows)}, {"groups", list.groups}, {"total", to_json(list.total)}};
}

json::object to_json(const AgeList& list) {
  json::array bounds(kAgeBoundMinutes.begin(), kAgeBoundMinutes.end());
  json::array rows;
  for (const AgeRow& row : list.rows) rows.emplace_back(to_json(row));
  return {{"bounds_minutes", std::move(bounds)},
          {"queues", std::move(rows)},
          {"groups", list.groups},
          {"total", to_json(list.total)}};
}

json::object to_json(const RecipientRow& row) {
  json::object object{{"id", model::format_id(row.id)}, {"recipient", row.recipient}, {"sender", row.sender}};
  add_labels(object, row.labels);
  add_word(object, "state", row.state);
  add(object, "received", row.received);
  object["attempts"] = row.attempts;
  add(object, "next_attempt", row.next_attempt);
  add(object, "last_reply", row.last_reply);
  add(object, "vmta", row.vmta);
  add(object, "path", row.path);
  add(object, "reason", row.reason);
  return object;
}

json::object to_json(const RecipientList& list) {
  return {{"recipients", to_json_array(list.rows)}, {"matched", list.matched}, {"untold", list.untold}};
}

json::object to_json(const MessageDetail& message) {
  const model::Envelope& envelope = message.envelope;
  json::object object{{"id", model::format_id(envelope.id)}, {"sender", envelope.sender}};
  add_labels(object, envelope.labels);
  add(object, "vmta", envelope.labels.vmta);
  add(object, "envelope_id", envelope.envelope_id);
  add(object, "received", envelope.received);
  add(object, "first_attempt", envelope.first_attempt);
  add(object, "peer", envelope.peer);
  object["bytes"] = envelope.body_bytes;
  add(object, "body", body_word(envelope.body_kind));
  object["smtputf8"] = envelope.smtputf8;
  object["recipients"] = to_json_array(message.recipients);
  return object;
}

json::object to_json(const Pause& pause) {
  json::object object{{"selection", to_json(pause.selection)}};
  add(object, "reason", pause.reason);
  add(object, "by", pause.by);
  add(object, "since", pause.since);
  add(object, "until", pause.until);
  return object;
}

json::object to_json(const Job& job) {
  json::object object{{"id", job.id}};
  add_word(object, "act", job.act);
  object["selection"] = to_json(job.selection);
  object["dry_run"] = job.dry_run;
  add_word(object, "state", job.state);
  object["visited"] = job.visited;
  object["to_visit"] = job.to_visit;
  object["matched"] = job.matched;
  object["changed"] = job.changed;
  if (job.act == Act::Reroute) object["kept"] = job.kept;
  object["in_flight"] = job.in_flight;
  add(object, "by", job.by);
  add(object, "detail", job.detail);
  add(object, "started", job.started);
  add(object, "finished", job.finished);
  return object;
}

json::object to_json(const ConfigProblem& problem) {
  json::object object{{"severity", problem.is_error ? "error" : "warning"}};
  add(object, "file", problem.file);
  if (problem.line != 0) object["line"] = problem.line;
  if (problem.column != 0) object["column"] = problem.column;
  add(object, "key", problem.key);
  object["message"] = problem.message;
  add(object, "suggestion", problem.suggestion);
  return object;
}

json::object to_json(const ConfigCheck& check) {
  return {{"ok", check.ok()}, {"problems", to_json_array(check.problems)}};
}

json::object to_json(const ReloadReport& report) {
  return {{"applied", report.applied},
          {"problems", to_json_array(report.problems)},
          {"changed", to_json(report.changed)},
          {"needs_restart", to_json(report.needs_restart)}};
}

json::object to_json(const SettingRow& row) {
  json::object object{{"key", row.key}, {"value", row.value}};
  add(object, "origin", row.origin);
  object["needs_restart"] = row.needs_restart;
  return object;
}

json::object to_json(const WarmupRow& row) {
  json::object object{{"vmta", row.vmta}, {"provider", row.provider}};
  add_word(object, "state", row.state);
  object["plan_day"] = row.plan_day;
  object["plan_days"] = row.plan_days;
  object["plan_first"] = row.plan_first;
  object["plan_last"] = row.plan_last;
  add(object, "beyond", row.beyond);
  add(object, "hours", row.hours);
  add(object, "zone", row.zone);
  object["days"] = row.days;
  object["allowance"] = row.allowance;
  object["planned"] = row.planned;
  object["allowed_so_far"] = row.allowed_so_far;
  object["taken"] = row.taken;
  object["under_way"] = row.under_way;
  object["left"] = row.left;
  object["deferred"] = row.deferred;
  object["bounced"] = row.bounced;
  object["complaints"] = row.complaints;
  add(object, "why", row.why);
  add(object, "paused_by", row.paused_by);
  add(object, "paused_why", row.paused_why);
  add(object, "paused_since", row.paused_since);
  add(object, "opens", row.opens);
  add(object, "closes", row.closes);
  object["tomorrow"] = row.tomorrow;
  object["tomorrow_warm"] = row.tomorrow_warm;
  add(object, "tomorrow_step", row.tomorrow_step);
  add(object, "tomorrow_why", row.tomorrow_why);
  return object;
}

}  // namespace penstock::api
