// SPDX-License-Identifier: Apache-2.0
#include "classify/rule_set.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/check.h"

namespace penstock::classify {
namespace {

constexpr std::int64_t kMemory = 64 << 20;
constexpr int kNoPart = -1;

RE2::Options options() {
  RE2::Options o;
  o.set_encoding(RE2::Options::EncodingLatin1);  // receivers write bytes, not always UTF-8
  o.set_never_capture(true);
  o.set_log_errors(false);
  o.set_max_mem(kMemory);
  return o;
}

bool codes_match(const std::vector<CodePattern>& patterns, const Said& said) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const CodePattern& pattern) {
           return pattern.matches(said.code, said.enhanced);
         });
}

// An unknown step fits what the words say already; codes alone need to know it.
bool step_matches(const Rule& rule, const Said& said) {
  if (rule.steps.empty()) return true;
  if (!said.step) return !rule.pattern.empty();
  return std::find(rule.steps.begin(), rule.steps.end(), *said.step) != rule.steps.end();
}

}  // namespace

struct RuleSet::Impl {
  struct Entry {
    const Rule* rule;
    int pattern, also, unless;  // numbers of parts in `set`
  };

  std::vector<Entry> entries;
  std::vector<std::uint32_t> without_pattern;          // positions in entries
  std::vector<std::vector<std::uint32_t>> by_pattern;  // part → positions
  std::unordered_map<std::string, int> parts;
  RE2::Set set{options(), RE2::UNANCHORED};

  int part(const std::string& pattern) {
    if (pattern.empty()) return kNoPart;
    const auto [at, is_new] = parts.emplace(pattern, static_cast<int>(parts.size()));
    if (is_new) {
      std::string error;
      const int number = set.Add(pattern, &error);
      PENSTOCK_CHECK(number == at->second);
    }
    return at->second;
  }
};

RuleSet::RuleSet(std::vector<const Rule*> rules) : impl_(std::make_unique<Impl>()) {
  Impl& impl = *impl_;
  for (const Rule* rule : rules) {
    const auto position = static_cast<std::uint32_t>(impl.entries.size());
    const Impl::Entry entry{rule, impl.part(rule->pattern), impl.part(rule->also), impl.part(rule->unless)};
    impl.entries.push_back(entry);
    impl.by_pattern.resize(impl.parts.size());
    if (entry.pattern == kNoPart) {
      impl.without_pattern.push_back(position);
    } else {
      impl.by_pattern[static_cast<std::size_t>(entry.pattern)].push_back(position);
    }
  }
  if (!impl.parts.empty()) PENSTOCK_CHECK(impl.set.Compile());
}

RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;

const Rule* RuleSet::find(const Said& said) const {
  const Impl& impl = *impl_;
  thread_local std::vector<int> matched;
  thread_local std::vector<std::uint32_t> candidates;
  thread_local std::vector<bool> has;
  matched.clear();
  if (!impl.parts.empty()) {
    RE2::Set::ErrorInfo error{};
    if (!impl.set.Match(said.text, &matched, &error)) matched.clear();
  }
  has.assign(impl.parts.size(), false);
  candidates = impl.without_pattern;
  for (const int part : matched) {
    has[static_cast<std::size_t>(part)] = true;
    const auto& positions = impl.by_pattern[static_cast<std::size_t>(part)];
    candidates.insert(candidates.end(), positions.begin(), positions.end());
  }
  std::sort(candidates.begin(), candidates.end());
  for (const std::uint32_t position : candidates) {
    const Impl::Entry& entry = impl.entries[position];
    if (entry.also != kNoPart && !has[static_cast<std::size_t>(entry.also)]) continue;
    if (entry.unless != kNoPart && has[static_cast<std::size_t>(entry.unless)]) continue;
    const Rule& rule = *entry.rule;
    if (codes_match(rule.codes, said) && codes_match(rule.status, said) && step_matches(rule, said)) return &rule;
  }
  return nullptr;
}

std::size_t RuleSet::size() const {
  return impl_->entries.size();
}

}  // namespace penstock::classify
