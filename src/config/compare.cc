// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "config/describe.h"
#include "config/load.h"

namespace penstock::config {
namespace {

std::vector<Setting> settings_of(const Config& config) {
  return list_settings(config, [](const std::string&) { return std::string(); });
}

// A listener is opened and closed at a start only: of one that came or went, no key takes effect before.
bool is_of_one_listener(const std::string& key, const std::map<std::string, const Setting*>& others) {
  if (!key.starts_with("listener.")) return false;
  return !others.contains(key.substr(0, key.rfind('.')) + ".address");
}

std::map<std::string, const Setting*> by_key(const std::vector<Setting>& settings) {
  std::map<std::string, const Setting*> found;
  for (const Setting& setting : settings) found[setting.key] = &setting;
  return found;
}

// Names of `streams` that the other has too, in this one's order.
std::string order(const std::vector<Stream>& streams, const Config& other) {
  std::vector<std::string> names;
  for (const Stream& stream : streams) {
    if (other.find_stream(stream.name) != nullptr) names.push_back(quote(stream.name));
  }
  return write_list(std::move(names));
}

}  // namespace

std::vector<Change> compare(const Config& before, const Config& after) {
  const std::vector<Setting> old_settings = settings_of(before);
  const std::vector<Setting> new_settings = settings_of(after);
  const auto old_by_key = by_key(old_settings);
  const auto new_by_key = by_key(new_settings);
  std::vector<Change> changes;
  for (const Setting& setting : new_settings) {
    const auto old = old_by_key.find(setting.key);
    const std::string old_value = old == old_by_key.end() ? "" : old->second->value;
    if (old_value == setting.value) continue;
    const bool waits = setting.needs_restart || is_of_one_listener(setting.key, old_by_key);
    changes.push_back({setting.key, old_value, setting.value, waits});
  }
  for (const Setting& setting : old_settings) {
    if (new_by_key.contains(setting.key)) continue;
    const bool waits = setting.needs_restart || is_of_one_listener(setting.key, new_by_key);
    changes.push_back({setting.key, setting.value, "", waits});
  }
  // The first stream that fits takes a message, so their order matters.
  const std::string old_order = order(before.streams, after);
  const std::string new_order = order(after.streams, before);
  if (old_order != new_order) changes.push_back({"stream", old_order, new_order, false});
  return changes;
}

}  // namespace penstock::config
