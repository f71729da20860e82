// SPDX-License-Identifier: Apache-2.0
#include "sim/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/plain_json.h"
#include "sim/errc.h"

namespace penstock::sim {
namespace {

namespace json = boost::json;

json::object names_to_json(const std::map<std::string, std::uint64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

std::uint64_t number_of(const json::value& value) {
  return value.is_int64() ? static_cast<std::uint64_t>(value.as_int64()) : value.is_uint64() ? value.as_uint64() : 0;
}

void add_list(std::string& table, const json::object& report, std::string_view key, std::string_view title) {
  constexpr std::size_t kShown = 20;
  const json::value* found = report.if_contains(key);
  if (!found || !found->is_object() || found->as_object().empty()) return;
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  for (const auto& [name, count] : found->as_object()) rows.emplace_back(number_of(count), std::string(name));
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  table += fmt::format("\n{}\n", title);
  for (std::size_t i = 0; i < std::min(kShown, rows.size()); ++i) {
    table += fmt::format("{:>12}  {}\n", rows[i].first, rows[i].second);
  }
  if (rows.size() > kShown) table += fmt::format("{:>12}  and {} more\n", "", rows.size() - kShown);
}

// How each source kept the limits it could not see.
void add_providers(std::string& table, const json::object& report) {
  const json::value* providers = report.if_contains("providers");
  if (!providers || !providers->is_object() || providers->as_object().empty()) return;
  table += fmt::format("\n{:>12} {:>12} {:>12} {:>9} {:>9}  provider, source\n", "offered", "taken", "violations",
                       "snowshoe", "goodput");
  const auto add = [&](const json::object& row, std::string_view name) {
    const json::value* share = row.if_contains("goodput_share");
    table += fmt::format("{:>12} {:>12} {:>12} {:>9} {:>9}  {}\n", number_of(row.at("offered")),
                         number_of(row.at("taken")), number_of(row.at("violations")), number_of(row.at("snowshoe")),
                         share ? fmt::format("{:.1f} %", share->as_double() * 100) : "-", name);
  };
  for (const auto& [name, provider] : providers->as_object()) {
    add(provider.as_object(), name);
    for (const auto& [address, source] : provider.as_object().at("sources").as_object()) {
      add(source.as_object(), fmt::format("  {}", std::string_view(address)));
    }
  }
}

}  // namespace

json::object to_json(const Counts& counts) {
  json::object refused;
  json::object cut;
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    const std::string_view step = model::to_string(kSteps[i]);
    if (!counts.refused[i].empty()) refused[step] = names_to_json(counts.refused[i]);
    if (counts.cut[i] != 0) cut[step] = counts.cut[i];
  }
  json::object violations;
  for (std::size_t i = 0; i < kViolationNames.size(); ++i) violations[kViolationNames[i]] = counts.violations[i];
  return {{"received", counts.received},
          {"unique", counts.unique},
          {"duplicates", counts.duplicates},
          {"duplicates_unread", counts.duplicates_unread},
          {"unexpected", counts.unexpected},
          {"without_id", counts.without_id},
          {"messages", counts.messages},
          {"bytes", counts.bytes},
          {"connections", counts.connections},
          {"open_connections", counts.open_connections},
          {"refused", std::move(refused)},
          {"cut", std::move(cut)},
          {"violations", std::move(violations)},
          {"by_domain", names_to_json(counts.by_domain)},
          {"by_receiver", names_to_json(counts.by_receiver)},
          {"by_source", names_to_json(counts.by_source)},
          {"by_ehlo", names_to_json(counts.by_ehlo)},
          {"dns_queries", names_to_json(counts.dns_queries)}};
}

std::string report_table(const json::object& report) {
  std::string table;
  for (const std::string_view key : {"received", "unique", "duplicates", "duplicates_unread", "unexpected",
                                     "without_id", "messages", "bytes", "connections", "open_connections"}) {
    if (const json::value* value = report.if_contains(key)) {
      table += fmt::format("{:>12}  {}\n", number_of(*value), key);
    }
  }
  add_list(table, report, "by_domain", "received by domain");
  add_list(table, report, "by_receiver", "received by receiver");
  add_list(table, report, "by_source", "received by source address");
  add_list(table, report, "by_ehlo", "received by EHLO name");
  if (const json::value* refused = report.if_contains("refused"); refused && refused->is_object()) {
    for (const auto& [step, texts] : refused->as_object()) {
      add_list(table, refused->as_object(), step, fmt::format("refused at {}", std::string_view(step)));
    }
  }
  add_list(table, report, "cut", "cut off by step");
  add_list(table, report, "violations", "violations");
  add_providers(table, report);
  add_list(table, report, "aftermath", "sent back afterwards");
  add_list(table, report, "dns_queries", "DNS questions");
  return table;
}

Result<> save_json(const std::string& path, const json::object& object) {
  const std::string draft = path + ".new";
  std::ofstream file(draft, std::ios::binary);
  file << plain_json(object) << '\n';
  file.close();
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0) return fail_errno(errno, "writing " + path);
  return {};
}

Result<json::object> load_json(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail_errno(errno, "reading " + path);
  boost::system::error_code error;
  json::value value = json::parse(text.str(), error);
  if (error || !value.is_object()) return fail(Errc::BadArgument, path + " is not a JSON object");
  return std::move(value.as_object());
}

}  // namespace penstock::sim
