// SPDX-License-Identifier: Apache-2.0
// The suppression list: /v1/suppressions….
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>

#include "api/json.h"
#include "api/routes.h"
#include "api/suppression_operations.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kCheckMax = 10'000;

json::object to_json(const suppression::Entry& entry) {
  json::object object{
      {"address", entry.address}, {"scope", entry.scope.to_string()}, {"cause", std::string(to_string(entry.cause))}};
  if (entry.investigate) object["investigate"] = true;
  add(object, "reason", entry.reason);
  add(object, "source", entry.source);
  add(object, "note", entry.note);
  add(object, "who", entry.who);
  add(object, "since", entry.since);
  add(object, "until", entry.until);
  return object;
}

json::object to_json(const suppression::Row& row) {
  json::object object = to_json(row.entry);
  object["seq"] = row.seq;
  if (row.removed) object["removed"] = true;
  return object;
}

json::array to_json(const std::vector<suppression::Row>& rows) {
  json::array entries;
  for (const suppression::Row& row : rows) entries.emplace_back(to_json(row));
  return entries;
}

json::object to_json(const suppression::Rows& rows) {
  return {{"suppressions", to_json(rows.rows)}, {"cursor", rows.cursor}, {"more", rows.more}};
}

std::string_view word_of(suppression::ImportStep step) {
  switch (step) {
    case suppression::ImportStep::Reading:
    case suppression::ImportStep::Writing: return "running";
    case suppression::ImportStep::Done: return "done";
    case suppression::ImportStep::Failed: return "failed";
    case suppression::ImportStep::Cancelled: return "cancelled";
  }
  return "failed";
}

json::object to_json(const SuppressionImport& import) {
  const suppression::ImportStatus& status = import.status;
  json::object object{{"id", import.id},
                      {"state", std::string(word_of(status.step))},
                      {"progress", status.progress},
                      {"lines", status.lines},
                      {"good", status.good},
                      {"bad", status.bad},
                      {"added", status.added.added},
                      {"changed", status.added.changed},
                      {"unchanged", status.added.unchanged}};
  json::array bad;
  for (const suppression::BadLine& line : status.bad_lines) {
    bad.emplace_back(json::object{{"line", line.line}, {"reason", line.reason}});
  }
  object["bad_lines"] = std::move(bad);
  add(object, "path", import.path);
  add(object, "detail", status.detail);
  add(object, "by", import.by);
  add(object, "started", import.started);
  add(object, "finished", import.finished);
  return object;
}

std::optional<suppression::Scope> read_scope(Input& input) {
  const std::string text = input.text("scope");
  if (text.empty()) return std::nullopt;
  const auto scope = suppression::parse_scope(text);
  if (scope) return *scope;
  input.refuse_with({Errc::BadRequest, "scope: " + scope.error().detail, ""});
  return std::nullopt;
}

std::optional<suppression::Cause> read_cause(Input& input) {
  const std::string text = input.text("cause");
  if (text.empty()) return std::nullopt;
  const auto cause = suppression::parse_cause(text);
  if (!cause) input.refuse_with({Errc::BadRequest, fmt::format("there is no cause \"{}\"", text), ""});
  return cause;
}

std::vector<std::string> read_addresses(Input& input) {
  std::vector<std::string> addresses = input.list("addresses");
  if (addresses.empty() || addresses.size() > kCheckMax) {
    input.refuse_with({Errc::BadRequest, fmt::format("give \"addresses\", between 1 and {}", kCheckMax), ""});
  }
  return addresses;
}

// What all entries of a request have in common.
suppression::Entry read_entry(Call& call) {
  suppression::Entry entry;
  entry.scope = read_scope(call.input).value_or(suppression::Scope{});
  entry.cause = read_cause(call.input).value_or(suppression::Cause::Operator);
  entry.reason = call.input.text("reason");
  entry.source = call.input.text("source");
  entry.note = call.input.text("note");
  entry.until = call.input.time_after("until", call.now);
  entry.who = call.actor.name;
  return entry;
}

Asked<std::uint64_t> read_id(const Call& call) {
  const std::string& text = call.captures.at(0);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size()) return id;
  return refuse(Errc::BadRequest, "the id of an import is a whole number");
}

}  // namespace

Asked<Answer> list_suppressions(Call& call) {
  suppression::ListQuery query;
  query.cursor = call.input.number("cursor").value_or(0);
  query.limit = static_cast<std::uint32_t>(call.input.number("limit", query.limit, 1, Input::kRowsMax));
  query.domain = call.input.text("domain");
  query.scope = read_scope(call.input);
  query.cause = read_cause(call.input);
  query.review = call.input.flag("review");
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto rows = call.operations.suppressions().list(query);
  if (!rows) return refuse(rows.error());
  return answer_json_now(call, to_json(*rows));
}

Asked<Answer> list_suppression_changes(Call& call) {
  const std::uint64_t cursor = call.input.number("cursor").value_or(0);
  const auto limit = static_cast<std::uint32_t>(call.input.number("limit", 1'000, 1, Input::kRowsMax));
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto rows = call.operations.suppressions().changes(cursor, limit);
  if (!rows) return refuse(rows.error());
  return answer_json(to_json(*rows));
}

Asked<Answer> show_suppression(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto rows = call.operations.suppressions().find(call.captures.at(0));
  if (!rows) return refuse(rows.error());
  return answer_json_now(call, {{"suppressions", to_json(*rows)}});
}

Asked<Answer> check_suppressions(Call& call) {
  const std::vector<std::string> addresses = read_addresses(call.input);
  const std::string tenant = call.input.text("tenant");
  const std::string stream = call.input.text("stream");
  const std::string list = call.input.text("list");
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto hits = call.operations.suppressions().check(addresses, {tenant, stream, list});
  if (!hits) return refuse(hits.error());
  json::array suppressed;
  json::array unusable;
  for (std::size_t i = 0; i < hits->size(); ++i) {
    if (!(*hits)[i]) {
      if (!suppression::canonical_address(addresses[i], {})) unusable.emplace_back(addresses[i]);
      continue;
    }
    suppressed.emplace_back(json::object{{"given", addresses[i]}, {"suppression", to_json(*(*hits)[i])}});
  }
  return answer_json(
      {{"checked", addresses.size()}, {"suppressed", std::move(suppressed)}, {"unusable", std::move(unusable)}});
}

Asked<Answer> add_suppressions(Call& call) {
  const suppression::Entry common = read_entry(call);
  const std::vector<std::string> addresses = read_addresses(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  std::vector<suppression::Entry> entries;
  for (const std::string& address : addresses) {
    entries.push_back(common);
    entries.back().address = address;
  }
  const auto added = call.operations.suppressions().add(std::move(entries), call.actor);
  if (!added) return refuse(added.error());
  return answer_json({{"added", added->added}, {"changed", added->changed}, {"unchanged", added->unchanged}});
}

Asked<Answer> remove_suppressions(Call& call) {
  const std::vector<std::string> addresses = read_addresses(call.input);
  const auto scope = read_scope(call.input);
  const std::string note = call.input.text("note");
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto removed = call.operations.suppressions().remove(addresses, scope, note, call.actor);
  if (!removed) return refuse(removed.error());
  return answer_json({{"removed", *removed}});
}

Asked<Answer> review_suppressions(Call& call) {
  const std::vector<std::string> addresses = read_addresses(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto reviewed = call.operations.suppressions().reviewed(addresses, call.actor);
  if (!reviewed) return refuse(reviewed.error());
  return answer_json({{"reviewed", *reviewed}});
}

Asked<Answer> import_suppressions(Call& call) {
  suppression::ImportRequest request;
  request.defaults = read_entry(call);
  request.path = call.input.text("path");
  request.text = call.input.raw_text("text").value_or("");
  request.first_line = call.input.number("first_line", 1, 1, UINT64_MAX / 2);
  const std::string format = call.input.text("format");
  if (format == "csv") request.format = suppression::Format::Csv;
  if (format == "ndjson") request.format = suppression::Format::Ndjson;
  if (!format.empty() && !request.format) {
    call.input.refuse_with({Errc::BadRequest, "\"format\" is csv or ndjson", ""});
  }
  if (request.path.empty() == request.text.empty()) {
    call.input.refuse_with({Errc::BadRequest, "give either \"path\", a file the daemon can read, or \"text\"", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto started = call.operations.suppressions().start_import(std::move(request), call.actor);
  if (!started) return refuse(started.error());
  return answer_json(to_json(*started), started->status.step <= suppression::ImportStep::Writing ? 202 : 200);
}

Asked<Answer> show_suppression_import(Call& call) {
  const auto id = read_id(call);
  if (!id) return tl::unexpected<Problem>(id.error());
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto found = call.operations.suppressions().find_import(*id);
  if (!found) return refuse(Errc::NotFound, fmt::format("there is no import {}", *id));
  return answer_json(to_json(*found));
}

Asked<Answer> cancel_suppression_import(Call& call) {
  const auto id = read_id(call);
  if (!id) return tl::unexpected<Problem>(id.error());
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto cancelled = call.operations.suppressions().cancel_import(*id, call.actor);
  if (!cancelled) return refuse(cancelled.error());
  return answer_json(to_json(*cancelled));
}

}  // namespace penstock::api
