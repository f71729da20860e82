// SPDX-License-Identifier: Apache-2.0
#include "providers/read_provider.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/kinds.h"
#include "config/nearest.h"
#include "config/rules.h"
#include "config/schema.h"
#include "config/syntax.h"

namespace penstock::providers {
namespace {

using config::Entry;
using config::Limits;
using config::Problems;
using config::Value;

constexpr std::uint32_t kMostConnections = 10'000;
constexpr std::uint32_t kMostMessages = 1'000'000;

const std::vector<std::string>& known_tables() {
  static const std::vector<std::string> names{"provider",
                                              "title",
                                              "match",
                                              "connections",
                                              "tls",
                                              "connection_rate",
                                              "message_rate",
                                              "postmaster",
                                              "messages_per_connection",
                                              "feedback_loop",
                                              "recipients_per_message",
                                              "timeouts",
                                              "backoff"};
  return names;
}

class Reader {
 public:
  Reader(ProviderData& data, Problems& problems) : data_(data), problems_(problems) {}

  bool read(const Value& document) {
    for (const Entry& entry : document.table) read_entry(entry);
    if (data_.provider.name.empty()) {
      complain(data_.place, "provider", "the file names no provider", "begin it with provider = \"…\"");
    }
    if (data_.provider.mx.empty() && data_.provider.domains.empty()) {
      complain(data_.place, "match", "it can match nothing", "give [match] mx or domains");
    }
    check_backoff();
    return good_;
  }

 private:
  void complain(config::Place place, const std::string& key, std::string message, std::string suggestion = {}) {
    good_ = false;
    problems_.error(place, key, std::move(message), std::move(suggestion));
  }

  template <class T>
  void take(const config::Kind<T>& kind, const Entry& entry, const std::string& key, T& out) {
    config::Complaints complaints(problems_, key, entry.key);
    if (!kind.read(entry.value, out, complaints)) good_ = false;
  }

  void read_entry(const Entry& entry) {
    const std::string& key = entry.key;
    if (key == "provider") return take(config::name(), entry, key, data_.provider.name);
    if (key == "title") return take(config::any_text(200), entry, key, data_.title);
    if (std::find(known_tables().begin(), known_tables().end(), key) == known_tables().end()) {
      return complain(entry.place, key, fmt::format("unknown table \"{}\" in a provider file", key),
                      config::did_you_mean(key, known_tables()));
    }
    if (entry.value.kind != Value::Kind::Table) {
      return complain(entry.place, key, fmt::format("{} must be a table, not {}", key, config::describe(entry.value)),
                      fmt::format("write it as [{}] with its reference and standing", key));
    }
    read_fact(entry);
  }

  void read_fact(const Entry& table) {
    Fact fact;
    fact.place = table.place;
    bool has_standing = false;
    bool has_value = false;
    for (const Entry& entry : table.value.table) {
      const std::string key = table.key + "." + entry.key;
      if (entry.key == "reference") {
        take(config::any_text(500), entry, key, fact.reference);
      } else if (entry.key == "note") {
        take(config::any_text(500), entry, key, fact.note);
      } else if (entry.key == "standing") {
        has_standing = true;
        take(config::word<Standing>({{"published", Standing::Published},
                                     {"quoted", Standing::Quoted},
                                     {"practice", Standing::Practice},
                                     {"chosen", Standing::Chosen}}),
             entry, key, fact.standing);
      } else {
        has_value = true;
        read_value(table.key, entry, key);
      }
    }
    if (!has_value) complain(table.place, table.key, fmt::format("[{}] says nothing", table.key), "take it out");
    if (!names_a_page(fact.reference)) {
      complain(table.place, table.key, fmt::format("[{}] has no reference", table.key),
               "add reference = \"https://host/…\": the page the value is from");
    }
    if (!has_standing) {
      complain(table.place, table.key, fmt::format("[{}] has no standing", table.key),
               "add standing = \"published\", \"quoted\", \"practice\" or \"chosen\"");
    }
    check_order(table);
    data_.facts[table.key] = std::move(fact);
  }

  // Of a table whose keys are those that [[provider]] has in a table of that name.
  [[nodiscard]] static const config::Section* shared_section(const std::string& table) {
    if (table == "timeouts") return &config::own_timeouts_section();
    return table == "backoff" ? &config::backoff_section() : nullptr;
  }

  void read_value(const std::string& table, const Entry& entry, const std::string& key) {
    const std::string& name = entry.key;
    Limits& limits = data_.provider.limits;
    const auto numbers = config::number(1, table == "connections" ? kMostConnections : kMostMessages);
    const auto domains = config::list_of(config::domain(), "list of domains", 10'000, config::Single::Accepted);
    if (table == "match" && name == "mx") return take(domains, entry, key, data_.provider.mx);
    if (table == "match" && name == "domains") return take(domains, entry, key, data_.provider.domains);
    if (table == "connections" && name == "floor") return take(numbers, entry, key, limits.connections_floor);
    if (table == "connections" && name == "start") return take(numbers, entry, key, limits.connections_start);
    if (table == "connections" && name == "ceiling") return take(numbers, entry, key, limits.connections);
    if (table == "message_rate" && name == "floor") return take(config::rate(), entry, key, limits.message_rate_floor);
    if (table == "message_rate" && name == "start") return take(config::rate(), entry, key, limits.message_rate_start);
    if (table == "message_rate" && name == "ceiling") return take(config::rate(), entry, key, limits.message_rate);
    if (table == "connection_rate" && name == "ceiling") {
      return take(config::rate(), entry, key, limits.connection_rate);
    }
    if (table == "messages_per_connection") {
      if (name == "floor") return take(numbers, entry, key, limits.messages_per_connection_floor);
      if (name == "start") return take(numbers, entry, key, limits.messages_per_connection_start);
      if (name == "ceiling") return take(numbers, entry, key, limits.messages_per_connection);
    }
    if (table == "recipients_per_message" && name == "ceiling") {
      return take(numbers, entry, key, limits.recipients_per_message);
    }
    if (table == "tls" && name == "level") return take(config::optional_of(config::tls_level()), entry, key, data_.tls);
    if (table == "postmaster" && name == "url") return take(config::any_text(500), entry, key, data_.postmaster);
    if (table == "feedback_loop" && name == "url") return take(config::any_text(500), entry, key, data_.feedback_loop);
    if (const config::Section* section = shared_section(table)) {
      if (const config::Key* known = section->find(name)) return take_shared(*known, entry, key);
    }
    complain(entry.place, key, fmt::format("unknown key \"{}\" in [{}]", name, table),
             config::did_you_mean(name, keys_of(table)));
  }

  void take_shared(const config::Key& known, const Entry& entry, const std::string& key) {
    config::Complaints complaints(problems_, key, entry.key);
    config::Provider& provider = data_.provider;
    void* object = key.starts_with("timeouts.") ? static_cast<void*>(&provider.timeouts) : &provider.backoff;
    if (!known.read(object, entry.value, complaints)) good_ = false;
  }

  [[nodiscard]] static bool is_range(const std::string& table) {
    return table == "connections" || table == "message_rate" || table == "messages_per_connection";
  }

  static std::vector<std::string> keys_of(const std::string& table) {
    std::vector<std::string> keys{"reference", "standing", "note"};
    if (const config::Section* section = shared_section(table)) {
      const std::vector<std::string> names = section->names();
      keys.insert(keys.end(), names.begin(), names.end());
      return keys;
    }
    if (table == "match") keys.insert(keys.end(), {"mx", "domains"});
    if (table == "tls") keys.emplace_back("level");
    if (table == "postmaster" || table == "feedback_loop") keys.emplace_back("url");
    if (is_range(table)) keys.insert(keys.end(), {"floor", "start"});
    if (keys.size() != 4 && table != "match") keys.emplace_back("ceiling");
    return keys;
  }

  // "https://" and a host.
  [[nodiscard]] static bool names_a_page(std::string_view reference) {
    constexpr std::string_view kScheme = "https://";
    if (!reference.starts_with(kScheme)) return false;
    reference.remove_prefix(kScheme.size());
    return config::is_domain(reference.substr(0, reference.find_first_of(":/?#")));
  }

  // Of the file alone: what tables of the configuration make of it is found by lint_config().
  void check_backoff() {
    const config::Backoff& backoff = data_.provider.backoff;
    const Limits& limits = data_.provider.limits;
    const auto fact = data_.facts.find("backoff");
    if (fact == data_.facts.end()) return;
    const auto expect = [&](bool good, const std::string& key, const char* table) {
      if (good) return;
      complain(fact->second.place, "backoff." + key,
               fmt::format("{} of [backoff] is above the ceiling of [{}]", key, table),
               "back-off mode slows: lower it");
    };
    expect(limits.connections == 0 || backoff.connections <= limits.connections, "connections", "connections");
    expect(limits.message_rate.count <= 0 || backoff.rate.per_second() <= limits.message_rate.per_second(), "rate",
           "message_rate");
  }

  void check_order(const Entry& table) {
    const config::Backoff& backoff = data_.provider.backoff;
    if (table.key == "backoff" && backoff.first && backoff.longest && *backoff.longest < *backoff.first) {
      return complain(table.place, "backoff.longest", "longest must not be shorter than first");
    }
    const Limits& limits = data_.provider.limits;
    double floor = limits.connections_floor;
    double start = limits.connections_start;
    double ceiling = limits.connections;
    if (table.key == "message_rate") {
      floor = limits.message_rate_floor.per_second();
      start = limits.message_rate_start.per_second();
      ceiling = limits.message_rate.per_second();
    } else if (table.key == "messages_per_connection") {
      floor = limits.messages_per_connection_floor;
      start = limits.messages_per_connection_start;
      ceiling = limits.messages_per_connection;
    } else if (table.key != "connections") {
      return;
    }
    const auto in_order = [](double low, double high) { return low <= 0 || high <= 0 || low <= high; };
    if (in_order(floor, start) && in_order(start, ceiling) && in_order(floor, ceiling)) return;
    complain(table.place, table.key, fmt::format("the range of [{}] is not in order", table.key),
             "floor, start and ceiling must rise");
  }

  ProviderData& data_;
  Problems& problems_;
  bool good_ = true;
};

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::Published: return "published";
    case Standing::Quoted: return "quoted";
    case Standing::Practice: return "practice";
    case Standing::Chosen: return "chosen";
  }
  return "chosen";
}

const Fact* ProviderData::fact_of(std::string_view key) const {
  if (key == "mx" || key == "domains") key = "match";
  key = key.substr(0, key.find('.'));
  for (const std::string_view end : {"_floor", "_start"}) {
    if (key.ends_with(end)) key.remove_suffix(end.size());
  }
  const auto found = facts.find(key);
  return found == facts.end() ? nullptr : &found->second;
}

std::optional<ProviderData> read_provider(std::string_view text, const std::string& name, Problems& problems) {
  const std::uint32_t number = problems.add_file(name);
  const auto document = config::parse_toml(text, number, problems);
  if (!document) return std::nullopt;
  ProviderData data;
  data.file = name;
  data.place = {number, 0, 0};
  if (!Reader(data, problems).read(*document)) return std::nullopt;
  return data;
}

}  // namespace penstock::providers
