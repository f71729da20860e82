// SPDX-License-Identifier: Apache-2.0
#include "config/table_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "config/nearest.h"

namespace penstock::config {
namespace {

std::string joined(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string bracketed(const TopTable& top) {
  return top.is_list ? "[[" + top.name + "]]" : "[" + top.name + "]";
}

// A sentence of help, for use after a colon.
std::string as_clause(std::string help) {
  help[0] = ascii::to_lower(help[0]);
  if (help.ends_with('.')) help.pop_back();
  return help;
}

// Where a key is known that is not known here.
std::string suggest(const Section& section, const std::string& key) {
  if (std::string near = did_you_mean(key, section.names()); !near.empty()) return near;
  std::string places;
  for (const TopTable& top : tables()) {
    if (top.section->find(key) != nullptr) places += (places.empty() ? "" : " or ") + bracketed(top);
  }
  if (!places.empty()) return fmt::format("\"{}\" belongs in {}", key, places);
  std::string known;
  for (const std::string& name : section.names()) known += (known.empty() ? "" : ", ") + name;
  return known.size() > 200 ? "" : "known here: " + known;
}

void read_key(const Key& key, void* object, const Entry& entry, const TableAt& at, Problems& problems, Places& places) {
  const std::string path = joined(at.path, key.name);
  const std::string shown = joined(at.shown, key.name);
  if (key.enter) {
    if (entry.value.kind != Value::Kind::Table) {
      Complaints(problems, shown, key.name).wrong_kind(entry.value, "a table as { name = value }");
      return;
    }
    places.try_emplace(path, Spot{entry.place});
    read_table(*key.inner, key.enter(object), {entry.value, path, shown}, problems, places);
    return;
  }
  const auto [earlier, is_new] = places.try_emplace(path, Spot{entry.value.place});
  if (!is_new) {
    problems.error(entry.place, shown,
                   fmt::format("{} is given twice; the first is at {}:{}", shown,
                               problems.file(earlier->second.place.file), earlier->second.place.line),
                   "keep one of them");
    return;
  }
  Complaints complaints(problems, shown, key.name);
  earlier->second.good = key.read(object, entry.value, complaints);
}

// What an entry of a list is called before it has been read.
std::string shown_name(const TopTable& top, const Value& table, std::size_t number) {
  for (const char* key : {"name", "address"}) {
    const Value* value = table.find(key);
    if (value != nullptr && value->kind == Value::Kind::Text) return top.name + "." + value->text;
  }
  return fmt::format("{}.{}", top.name, number + 1);
}

void read_top(const TopTable& top, const Entry& entry, Config& config, Problems& problems, Places& places) {
  if (!top.is_list) {
    if (entry.value.kind == Value::Kind::Table) {
      places.try_emplace(top.name, Spot{entry.place});
      read_table(*top.section, top.make(config), {entry.value, top.name, top.name}, problems, places);
    } else {
      problems.error(entry.place, top.name, fmt::format("{} must be a table", top.name), "write " + bracketed(top));
    }
    return;
  }
  if (entry.value.kind != Value::Kind::List) {
    problems.error(entry.place, top.name, fmt::format("{} must be a list of tables", top.name),
                   fmt::format("write {} before each", bracketed(top)));
    return;
  }
  for (const Value& table : entry.value.list) {
    if (table.kind != Value::Kind::Table) {
      problems.error(table.place, top.name, fmt::format("{} must be a list of tables", top.name));
      continue;
    }
    const std::size_t number = top.count(config);
    const std::string path = fmt::format("{}#{}", top.name, number);
    places.try_emplace(path, Spot{table.place});
    read_table(*top.section, top.make(config), {table, path, shown_name(top, table, number)}, problems, places);
  }
}

}  // namespace

const Key* Section::find(std::string_view name) const {
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
  return key == keys.end() ? nullptr : &*key;
}

std::vector<std::string> Section::names() const {
  std::vector<std::string> all;
  all.reserve(keys.size());
  for (const Key& key : keys) all.push_back(key.name);
  return all;
}

void read_table(const Section& section, void* object, const TableAt& at, Problems& problems, Places& places) {
  for (const Entry& entry : at.table.table) {
    if (const Key* key = section.find(entry.key)) {
      read_key(*key, object, entry, at, problems, places);
    } else {
      problems.error(entry.place, joined(at.shown, entry.key),
                     fmt::format("unknown key \"{}\" in {}", entry.key, section.where), suggest(section, entry.key));
    }
  }
  for (const Key& key : section.keys) {
    if (key.need == Need::Optional || at.table.find(key.name) != nullptr) continue;
    problems.error(at.table.place, at.shown, fmt::format("{} has no \"{}\"", section.where, key.name),
                   fmt::format("add {}: {}", key.name, as_clause(key.help)));
  }
}

std::string write_table(const Section& section, const void* object) {
  std::vector<std::string> parts;
  for (const Key& key : section.keys) {
    const std::string value = key.write(object);
    if (!value.empty()) parts.push_back(key.name + " = " + value);
  }
  return fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

void read_document(const Value& document, Config& config, Problems& problems, Places& places) {
  for (const Entry& entry : document.table) {
    if (entry.key == "include") continue;
    const auto top = std::find_if(tables().begin(), tables().end(), [&](const auto& t) { return t.name == entry.key; });
    if (top != tables().end()) {
      read_top(*top, entry, config, problems, places);
      continue;
    }
    std::vector<std::string> known{"include"};
    std::string belongs;
    for (const TopTable& table : tables()) {
      known.push_back(table.name);
      if (table.section->find(entry.key) != nullptr) belongs += (belongs.empty() ? "" : " or ") + bracketed(table);
    }
    std::string suggestion = did_you_mean(entry.key, known);
    if (suggestion.empty() && !belongs.empty()) suggestion = fmt::format("\"{}\" belongs in {}", entry.key, belongs);
    const bool is_table = entry.value.kind == Value::Kind::Table || entry.value.kind == Value::Kind::List;
    problems.error(entry.place, entry.key, fmt::format("unknown {} \"{}\"", is_table ? "table" : "key", entry.key),
                   std::move(suggestion));
  }
}

}  // namespace penstock::config
