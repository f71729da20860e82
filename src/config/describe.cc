// SPDX-License-Identifier: Apache-2.0
#include "config/describe.h"

#include <fmt/format.h>

namespace penstock::config {
namespace {

using OriginOf = std::function<std::string(const std::string&)>;

// Objects are only read; enter() is shared with the reader, which writes.
void* entered(const Key& key, const void* object) {
  return key.enter(const_cast<void*>(object));
}

struct Prefix {
  std::string path;   // in Places
  std::string shown;  // for people
};

void add_settings(const Section& section, const void* object, const Prefix& prefix, const OriginOf& origin_of,
                  std::vector<Setting>& out) {
  for (const Key& key : section.keys) {
    const Prefix here{prefix.path + "." + key.name, prefix.shown + "." + key.name};
    if (key.enter) {
      add_settings(*key.inner, entered(key, object), here, origin_of, out);
      continue;
    }
    std::string value = key.write(object);
    if (value.empty()) continue;
    out.push_back({here.shown, std::move(value), origin_of(here.path), key.apply == Apply::Restart});
  }
}

void add_known(const Section& section, const void* defaults, const std::string& table, const std::string& prefix,
               std::vector<KnownSetting>& out) {
  for (const Key& key : section.keys) {
    if (key.enter) {
      add_known(*key.inner, entered(key, defaults), table, prefix + key.name + ".", out);
      continue;
    }
    std::string value = key.need == Need::Required ? "required" : key.write(defaults);
    if (value.empty()) value = key.default_words.empty() ? "none" : key.default_words;
    out.push_back({table, prefix + key.name, key.words, key.bounds, value, key.apply == Apply::Restart, key.help});
    if (key.inner != nullptr) add_known(*key.inner, key.inner_defaults.get(), table, prefix + key.name + "[].", out);
  }
}

}  // namespace

std::vector<Setting> list_settings(const Config& config, const OriginOf& origin_of) {
  std::vector<Setting> all;
  for (const TopTable& top : tables()) {
    for (std::size_t i = 0; i < top.count(config); ++i) {
      const Prefix prefix = top.is_list
                                ? Prefix{fmt::format("{}#{}", top.name, i), top.name + "." + top.label(config, i)}
                                : Prefix{top.name, top.name};
      add_settings(*top.section, top.at(config, i), prefix, origin_of, all);
    }
  }
  return all;
}

std::vector<KnownSetting> known_settings() {
  std::vector<KnownSetting> all;
  Config defaults;
  for (const TopTable& top : tables()) add_known(*top.section, top.make(defaults), top.name, "", all);
  return all;
}

}  // namespace penstock::config
