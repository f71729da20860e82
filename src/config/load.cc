// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "config/check.h"
#include "config/describe.h"
#include "config/documents.h"
#include "config/problems.h"
#include "config/rules.h"
#include "config/surroundings.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

template <class T>
const T* find_named(const std::vector<T>& entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const T& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

void fill(std::string& value, const std::string& fallback) {
  if (value.empty()) value = fallback;
}

std::string choose_fallback(const std::vector<Stream>& streams) {
  if (find_named(streams, "default") != nullptr) return "default";
  const auto open = std::find_if(streams.begin(), streams.end(), [](const Stream& s) { return s.match.empty(); });
  if (open != streams.end()) return open->name;
  return streams.empty() ? "" : streams.back().name;
}

// Whoever declares neither a vMTA nor a pool sends as this machine: one vMTA whose address the system chooses, in every
// pool that a stream names.
void complete_senders(Config& config) {
  if (!config.vmtas.empty() || !config.pools.empty()) return;
  Vmta& machine = config.vmtas.emplace_back();
  machine.name = "default";
  for (const Stream& stream : config.streams) {
    if (find_named(config.pools, stream.pool) != nullptr) continue;
    config.pools.push_back({stream.pool, {{machine.name, 1}}, false});
  }
}

// Values that follow from others where they were not given.
void complete(Config& config, const Surroundings& surroundings) {
  if (config.node.name.empty()) {
    const std::string host = surroundings.host_name();
    config.node.name = is_domain(host) ? host : "localhost";
  }
  const std::string& data = config.node.data_dir;
  fill(config.spool.dir, data + "/spool");
  fill(config.events.dir, data + "/events");
  fill(config.accounting.dir, data + "/accounting");
  for (Listener& listener : config.listeners) {
    fill(listener.name, listener.address.to_string());
    fill(listener.hostname, config.node.name);
  }
  complete_senders(config);
  for (Vmta& vmta : config.vmtas) fill(vmta.ehlo, config.node.name);
  config.fallback_stream = choose_fallback(config.streams);
  fill(config.tls_report.stream, config.fallback_stream);
  for (Stream& stream : config.streams) {
    fill(stream.dsn_sender, "mailer-daemon@" + config.node.name);
    fill(stream.dsn_stream, config.fallback_stream);
  }
}

// Who knows providers and shipped rules looks at these later.
void note_places(Config& config, const Places& places, const Problems& problems) {
  const auto at = [&](const char* table, std::size_t i, const char* key) {
    auto found = places.find(fmt::format("{}#{}.{}", table, i, key));
    if (found == places.end()) found = places.find(fmt::format("{}#{}", table, i));
    if (found == places.end()) return Stood{};
    const Place& place = found->second.place;
    return Stood{problems.file(place.file), place.line, place.column};
  };
  for (std::size_t i = 0; i < config.limits.size(); ++i) config.limits[i].provider_at = at("limit", i, "provider");
  for (std::size_t i = 0; i < config.paths.size(); ++i) config.paths[i].provider_at = at("path", i, "provider");
  for (std::size_t i = 0; i < config.warmups.size(); ++i) config.warmups[i].provider_at = at("warmup", i, "provider");
  for (std::size_t i = 0; i < config.actions.size(); ++i) config.actions[i].at = at("action", i, "name");
  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    config.providers[i].at = at("provider", i, "name");
    config.providers[i].backoff_at = at("provider", i, "backoff");
  }
}

Loaded read_all(std::string_view text, const std::string& name, const Surroundings& surroundings) {
  Problems problems;
  Places places;
  auto config = std::make_shared<Config>();
  for (const Value& document : read_documents(text, name, surroundings, problems)) {
    read_document(document, *config, problems, places);
  }
  complete(*config, surroundings);
  note_places(*config, places, problems);
  // Complaints about names that a file unread would have declared would only hide the cause.
  if (problems.complete()) check(*config, places, problems);
  Loaded loaded;
  loaded.problems = problems.sorted();
  if (problems.any_error()) return loaded;
  loaded.settings = list_settings(*config, [&](const std::string& path) {
    const auto at = places.find(path);
    if (at == places.end()) return std::string("default");
    return fmt::format("{}:{}", problems.file(at->second.place.file), at->second.place.line);
  });
  loaded.config = std::move(config);
  return loaded;
}

}  // namespace

const Vmta* Config::find_vmta(std::string_view name) const {
  return find_named(vmtas, name);
}
const Pool* Config::find_pool(std::string_view name) const {
  return find_named(pools, name);
}
const Stream* Config::find_stream(std::string_view name) const {
  return find_named(streams, name);
}

bool Config::is_for_tls_reports(const Dkim& key) const {
  return tls_report.enabled() && tls_report.stream != fallback_stream && key.streams.size() == 1 &&
         key.streams.front() == tls_report.stream;
}

std::string format_problem(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += fmt::format(":{}", problem.line);
  if (problem.line > 0 && problem.column > 0) text += fmt::format(":{}", problem.column);
  text += (text.empty() ? "" : ": ") + problem.message;
  if (!problem.suggestion.empty()) text += "; " + problem.suggestion;
  return escape_steering(text) + (problem.is_error ? "" : " (warning)");
}

Loaded load_text(std::string_view text, const std::string& name, const Surroundings& surroundings) {
  return read_all(text, name, surroundings);
}

Loaded load_text(std::string_view text, const std::string& name) {
  return read_all(text, name, Machine{});
}

Loaded load_file(const std::string& path) {
  const Machine machine;
  const auto text = machine.read_file(path);
  if (text) return read_all(*text, path, machine);
  Loaded loaded;
  loaded.problems.push_back({path, 0, 0, "", "cannot be read: " + text.error(), "", true});
  return loaded;
}

}  // namespace penstock::config
