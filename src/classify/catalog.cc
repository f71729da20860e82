// SPDX-License-Identifier: Apache-2.0
#include "classify/catalog.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/ascii.h"

namespace penstock::classify {
namespace {

constexpr std::size_t kNameMost = 64;

// Without a string, for the look-up of every reply.
struct PlainName {
  std::array<char, kNameMost> bytes{};
  std::size_t size = 0;

  explicit PlainName(std::string_view name) {
    for (const char c : name) {
      if (size == bytes.size()) break;
      if (ascii::is_alnum(c)) bytes[size++] = ascii::to_lower(c);
    }
  }
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

void sort_files(std::vector<RuleFile>& files) {
  std::stable_sort(files.begin(), files.end(), [](const RuleFile& a, const RuleFile& b) {
    const bool a_general = a.provider.empty();
    const bool b_general = b.provider.empty();
    if (a_general != b_general) return b_general;
    return a_general && a.rank < b.rank;
  });
}

}  // namespace

std::string plain_name(std::string_view name) {
  return std::string(PlainName(name).view());
}

Catalog::Catalog(std::vector<RuleFile> shipped, std::vector<RuleFile> own) {
  std::set<std::string, std::less<>> own_ids;
  for (const RuleFile& file : own) {
    for (const Rule& rule : file.rules) own_ids.insert(rule.id);
  }
  for (RuleFile& file : shipped) {
    std::erase_if(file.rules, [&](const Rule& rule) { return own_ids.contains(rule.id); });
  }
  sort_files(own);
  sort_files(shipped);
  files_ = std::move(own);
  std::move(shipped.begin(), shipped.end(), std::back_inserter(files_));
  for (const RuleFile& file : files_) {
    if (file.provider.empty()) continue;
    auto& rules = providers_[provider_number(file)].rules;
    for (const Rule& rule : file.rules) rules.push_back(&rule);
  }
  for (const RuleFile& file : files_) {
    for (const Rule& rule : file.rules) {
      if (rule.everywhere) general_.push_back(&rule);
    }
  }
  for (const RuleFile& file : files_) {
    if (!file.provider.empty()) continue;
    for (const Rule& rule : file.rules) general_.push_back(&rule);
  }
}

std::size_t Catalog::provider_number(const RuleFile& file) {
  const auto [at, is_new] = numbers_.emplace(plain_name(file.provider), providers_.size());
  const std::size_t number = at->second;
  if (is_new) providers_.push_back({file.provider, {}});
  for (const std::string& alias : file.aliases) numbers_.emplace(plain_name(alias), number);
  return number;
}

const Catalog::Provider* Catalog::find(std::string_view name) const {
  const auto known = [this](std::string_view one) {
    const auto at = numbers_.find(PlainName(one).view());
    return at == numbers_.end() ? nullptr : &providers_[at->second];
  };
  if (name.empty()) return nullptr;
  if (const Provider* whole = known(name)) return whole;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= name.size() && i <= kNameMost; ++i) {
    if (i < name.size() && ascii::is_alnum(name[i])) continue;
    if (i > start) {
      if (const Provider* part = known(name.substr(start, i - start))) return part;
    }
    start = i + 1;
  }
  return nullptr;
}

}  // namespace penstock::classify
