// SPDX-License-Identifier: Apache-2.0
#include "sim/toml_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {
namespace {

// Levenshtein's distance, to name the key that was probably meant.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void Problems::add(const toml::source_region& where, std::string_view text) {
  lines_.push_back(fmt::format("{}:{}: {}", file_, where.begin.line, text));
}

std::string Problems::to_string() const {
  constexpr std::size_t kLinesMax = 20;
  std::string all;
  for (std::size_t i = 0; i < std::min(lines_.size(), kLinesMax); ++i) {
    if (i > 0) all += '\n';
    all += lines_[i];
  }
  if (lines_.size() > kLinesMax) all += fmt::format("\nand {} more", lines_.size() - kLinesMax);
  return all;
}

const toml::node* Fields::take(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

void Fields::bad(std::string_view key, std::string_view why) {
  const toml::node* node = table_.get(key);
  problems_.add(node ? node->source() : table_.source(), fmt::format("{} in {}: {}", key, where_, why));
}

bool Fields::text(std::string_view key, std::string& out) {
  const toml::node* node = take(key);
  if (!node) return false;
  const auto value = node->value_exact<std::string>();
  if (!value) {
    bad(key, "must be a text in quotes");
    return false;
  }
  out = *value;
  return true;
}

bool Fields::number(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
  const toml::node* node = take(key);
  if (!node) return false;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < min || static_cast<std::uint64_t>(*value) > max) {
    bad(key, fmt::format("must be a whole number from {} to {}", min, max));
    return false;
  }
  out = static_cast<std::uint64_t>(*value);
  return true;
}

bool Fields::share(std::string_view key, double& out) {
  const toml::node* node = take(key);
  if (!node) return false;
  const auto value = node->value<double>();
  if (!value || !(*value >= 0 && *value <= 1)) {
    bad(key, "must be a number from 0 to 1");
    return false;
  }
  out = *value;
  return true;
}

bool Fields::flag(std::string_view key, bool& out) {
  const toml::node* node = take(key);
  if (!node) return false;
  const auto value = node->value_exact<bool>();
  if (!value) {
    bad(key, "must be true or false");
    return false;
  }
  out = *value;
  return true;
}

bool Fields::duration(std::string_view key, Duration& out) {
  std::string words;
  if (!text(key, words)) return false;
  const auto value = parse_duration(words);
  if (!value) {
    bad(key, value.error());
    return false;
  }
  out = *value;
  return true;
}

bool Fields::size(std::string_view key, std::uint64_t& out) {
  std::string words;
  if (!text(key, words)) return false;
  const auto value = parse_size(words);
  if (!value) {
    bad(key, value.error());
    return false;
  }
  out = *value;
  return true;
}

bool Fields::rate(std::string_view key, Rate& out) {
  std::string words;
  if (!text(key, words)) return false;
  const auto value = parse_rate(words);
  if (!value) {
    bad(key, value.error());
    return false;
  }
  out = *value;
  return true;
}

bool Fields::texts(std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = take(key);
  if (!node) return false;
  std::vector<std::string> found;
  if (const auto one = node->value_exact<std::string>()) {
    found.push_back(*one);
  } else if (const toml::array* list = node->as_array()) {
    for (const toml::node& entry : *list) {
      if (const auto value = entry.value_exact<std::string>()) found.push_back(*value);
    }
    if (found.size() != list->size()) node = nullptr;
  } else {
    node = nullptr;
  }
  if (!node) {
    bad(key, "must be a list of texts");
    return false;
  }
  out = std::move(found);
  return true;
}

std::vector<const toml::table*> Fields::tables(std::string_view key) {
  std::vector<const toml::table*> found;
  const toml::node* node = take(key);
  if (!node) return found;
  const toml::array* list = node->as_array();
  if (list) {
    for (const toml::node& entry : *list) {
      if (const toml::table* one = entry.as_table()) found.push_back(one);
    }
  }
  if (!list || found.size() != list->size()) bad(key, fmt::format("must be tables, written [[{}]]", key));
  return found;
}

const toml::table* Fields::table(std::string_view key) {
  const toml::node* node = take(key);
  if (!node) return nullptr;
  if (!node->is_table()) bad(key, fmt::format("must be a table, written [{}]", key));
  return node->as_table();
}

void Fields::finish() {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string text = fmt::format("unknown key \"{}\" in {}", name, where_);
    const auto near = std::min_element(known_.begin(), known_.end(), [&](const auto& a, const auto& b) {
      return distance(name, a) < distance(name, b);
    });
    if (near != known_.end() && distance(name, *near) <= 3) text += fmt::format("; did you mean \"{}\"?", *near);
    problems_.add(key.source(), text);
  }
}

}  // namespace penstock::sim
