// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "config/describe.h"
#include "config/load.h"

namespace penstock::config {
namespace {

std::vector<Setting> settings_of(const Config& config) {
  return list_settings(config, [](const std::string&) { return std::string(); });
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
  std::map<std::string, const Setting*> old_by_key;
  for (const Setting& setting : old_settings) old_by_key[setting.key] = &setting;
  std::vector<Change> changes;
  std::set<std::string> kept;
  for (const Setting& setting : settings_of(after)) {
    kept.insert(setting.key);
    const auto old = old_by_key.find(setting.key);
    const std::string old_value = old == old_by_key.end() ? "" : old->second->value;
    if (old_value != setting.value) changes.push_back({setting.key, old_value, setting.value, setting.needs_restart});
  }
  for (const Setting& setting : old_settings) {
    if (!kept.contains(setting.key)) changes.push_back({setting.key, setting.value, "", setting.needs_restart});
  }
  // The first stream that fits takes a message, so their order matters.
  const std::string old_order = order(before.streams, after);
  const std::string new_order = order(after.streams, before);
  if (old_order != new_order) changes.push_back({"stream", old_order, new_order, false});
  return changes;
}

}  // namespace penstock::config
