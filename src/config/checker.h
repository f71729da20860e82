// SPDX-License-Identifier: Apache-2.0
// Checker: what the checks have in common: places of keys, and comparing names.   Internal to check*.cc.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "config/table_reader.h"

namespace penstock::config {

// An entry of a list of tables, or a table.
struct Entity {
  std::string path;   // in Places: "stream#0"
  std::string shown;  // "stream.default"
};

class Checker {
 public:
  Checker(const Places& places, Problems& problems) : places_(places), problems_(problems) {}

  void error(const Entity& entity, std::string_view key, std::string message, std::string suggestion = {}) {
    problems_.error(place(entity, key), shown(entity, key), std::move(message), std::move(suggestion));
  }
  void warn(const Entity& entity, std::string_view key, std::string message, std::string suggestion = {}) {
    problems_.warn(place(entity, key), shown(entity, key), std::move(message), std::move(suggestion));
  }
  // For what may only follow from a mistake that was reported already.
  void warn_if_all_good(const Entity& entity, std::string message, std::string suggestion = {}) {
    if (!problems_.any_error()) warn(entity, "", std::move(message), std::move(suggestion));
  }
  // False when the key was given with a value that could not be read.
  [[nodiscard]] bool good(const Entity& entity, std::string_view key) const {
    const auto at = places_.find(entity.path + "." + std::string(key));
    return at == places_.end() || at->second.good;
  }
  [[nodiscard]] bool given(const Entity& entity, std::string_view key) const {
    return places_.contains(entity.path + "." + std::string(key));
  }
  // "penstock.toml:12"
  [[nodiscard]] std::string where(const Entity& entity, std::string_view key) const {
    const Place at = place(entity, key);
    return fmt::format("{}:{}", problems_.file(at.file), at.line);
  }

  // Each name may be declared once.
  template <class T>
  void expect_unique(std::string_view table, const std::vector<T>& entries) {
    std::map<std::string, std::size_t> first;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto [earlier, is_new] = first.try_emplace(entries[i].name, i);
      const Entity again = entity(table, i, entries[i].name);
      // A listener is named by its address.
      const bool named = !entries[i].name.empty() && good(again, "name") && good(again, "address");
      if (is_new || !named) continue;
      error(again, "name",
            fmt::format("{} \"{}\" is declared twice; the first is at {}", table, entries[i].name,
                        where(entity(table, earlier->second, ""), "name")));
    }
  }
  // `name` must be among `known`, things called `what` ("pool"). Empty names are not checked.
  void expect_known(const Entity& entity, std::string_view key, std::string_view name, std::string_view what,
                    const std::vector<std::string>& known, std::string_view of) {
    if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
    std::string suggestion = did_you_mean(name, known);
    if (suggestion.empty()) suggestion = fmt::format("declare it with [[{}]] and name = \"{}\"", what, name);
    error(entity, key, fmt::format("{} \"{}\" of {} is not declared", what, name, of), std::move(suggestion));
  }

  [[nodiscard]] static Entity entity(std::string_view table, std::size_t number, std::string_view name) {
    return {fmt::format("{}#{}", table, number), fmt::format("{}.{}", table, name)};
  }
  template <class T>
  [[nodiscard]] static std::vector<std::string> names_of(const std::vector<T>& entries) {
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (const T& entry : entries) names.push_back(entry.name);
    return names;
  }

 private:
  // Of the key, or of what it would stand in.
  [[nodiscard]] Place place(const Entity& entity, std::string_view key) const {
    std::string path = entity.path + (key.empty() ? "" : "." + std::string(key));
    while (true) {
      if (const auto at = places_.find(path); at != places_.end()) return at->second.place;
      const std::size_t dot = path.rfind('.');
      if (dot == std::string::npos) return {};
      path.resize(dot);
    }
  }
  [[nodiscard]] static std::string shown(const Entity& entity, std::string_view key) {
    return key.empty() ? entity.shown : fmt::format("{}.{}", entity.shown, key);
  }

  const Places& places_;
  Problems& problems_;
};

void check_intake(const Config& config, Checker& checker);    // listeners, pickup
void check_delivery(const Config& config, Checker& checker);  // vMTAs, pools, domains, providers, defaults
void check_limits(const Config& config, Checker& checker);
void check_actions(const Config& config, Checker& checker);
void check_range(const Limits& limits, const Entity& entity, Checker& checker);
// `limits`: of the same table.
void check_backoff(const Backoff& backoff, const Limits& limits, const Entity& entity, Checker& checker);
void check_path_rules(const Config& config, Checker& checker);
void check_streams(const Config& config, Checker& checker);
void check_dkim(const Config& config, Checker& checker);    // keys, and who signs with them
void check_routes(const Config& config, Checker& checker);  // relays: accounts, headers
void check_warmup(const Config& config, Checker& checker);  // plans
void check_node(const Config& config, Checker& checker);    // dns, spool, events

}  // namespace penstock::config
