// SPDX-License-Identifier: Apache-2.0
#include "classify/rule_set.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string>

#include "base/check.h"
#include "classify/literal_finder.h"

namespace penstock::classify {
namespace {

// Shorter literals occur everywhere and would spare nothing.
constexpr int kLiteralMin = 3;

RE2::Options options() {
  RE2::Options o;
  o.set_encoding(RE2::Options::EncodingLatin1);  // receivers write bytes, not always UTF-8
  o.set_never_capture(true);
  o.set_log_errors(false);
  return o;
}

// Literals of which at least one is in every text the pattern matches; none: it may match without any.
//
// RE2 tells all literals it can use and, for a choice of them, whether the pattern is possible. Of "(user|mailbox)
// unknown" it tells three, yet "unknown" alone is enough to look for. So one literal after the other, the most common
// first (that is the shortest), is taken for granted, and left out if the pattern still needs one of the rest.
std::vector<std::string> literals_of(const std::string& pattern) {
  re2::FilteredRE2 filter(kLiteralMin);
  int id = 0;
  std::vector<std::string> all;
  if (filter.Add(pattern, options(), &id) != RE2::NoError) return {};
  filter.Compile(&all);
  std::vector<int> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return all[static_cast<std::size_t>(a)].size() < all[static_cast<std::size_t>(b)].size();
  });
  std::vector<int> granted;
  std::vector<int> possible;
  for (const int literal : order) {
    std::vector<int> more = granted;
    more.insert(std::upper_bound(more.begin(), more.end(), literal), literal);
    filter.AllPotentials(more, &possible);
    if (possible.empty()) granted = std::move(more);
  }
  std::vector<std::string> needed;
  for (const int literal : order) {
    if (!std::binary_search(granted.begin(), granted.end(), literal)) {
      needed.push_back(all[static_cast<std::size_t>(literal)]);
    }
  }
  return needed;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
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
  enum Part : std::uint8_t { Pattern, Also, Unless, kParts };
  struct Expression {
    std::unique_ptr<const RE2> compiled;  // null: the rule has no such part
    bool always = false;                  // no literal to look for: it must be tried each time
  };
  struct Entry {
    const Rule* rule = nullptr;
    std::array<Expression, kParts> parts;
  };
  using Seen = std::vector<std::uint8_t>;  // by tag: a literal of that part of that entry occurs

  std::vector<Entry> entries;
  std::vector<std::uint32_t> always;  // positions to try whatever the text has, in order
  LiteralFinder literals;
  LiteralFinder
      foreign_literals;  // those with bytes above 0x7f, apart: most replies have none, and the table stays small

  static std::size_t tag(std::size_t position, Part part) { return position * kParts + part; }

  Expression compile(const std::string& pattern, std::size_t literal_tag) {
    if (pattern.empty()) return {};
    Expression made{std::make_unique<const RE2>(pattern, options()), false};
    PENSTOCK_CHECK(made.compiled->ok());
    const std::vector<std::string> found = literals_of(pattern);
    made.always = found.empty();
    for (const std::string& literal : found) {
      LiteralFinder& finder = is_ascii(literal) ? literals : foreign_literals;
      made.always |= !finder.add(literal, static_cast<std::uint32_t>(literal_tag));
    }
    return made;
  }
  void add(const Rule& rule) {
    const std::size_t position = entries.size();
    Entry entry{&rule, {}};
    entry.parts[Pattern] = compile(rule.pattern, tag(position, Pattern));
    entry.parts[Also] = compile(rule.also, tag(position, Also));
    entry.parts[Unless] = compile(rule.unless, tag(position, Unless));
    const Expression& pattern = entry.parts[Pattern];
    if (!pattern.compiled || pattern.always) always.push_back(static_cast<std::uint32_t>(position));
    entries.push_back(std::move(entry));
  }

  // Without one of its literals it is not in the text; with one it may be.
  [[nodiscard]] bool possible(std::size_t position, Part part, const Seen& seen) const {
    return entries[position].parts[part].always || seen[tag(position, part)] != 0;
  }
  [[nodiscard]] bool found(std::size_t position, Part part, const Said& said, const Seen& seen) const {
    return possible(position, part, seen) && RE2::PartialMatch(said.text, *entries[position].parts[part].compiled);
  }
  [[nodiscard]] bool matches(std::size_t position, const Said& said, const Seen& seen) const {
    const Entry& entry = entries[position];
    const Rule& rule = *entry.rule;
    if (!codes_match(rule.codes, said) || !codes_match(rule.status, said) || !step_matches(rule, said)) return false;
    // Asked before the pattern is tried, which costs more.
    if (entry.parts[Also].compiled && !possible(position, Also, seen)) return false;
    if (entry.parts[Pattern].compiled && !found(position, Pattern, said, seen)) return false;
    if (entry.parts[Also].compiled && !found(position, Also, said, seen)) return false;
    return !entry.parts[Unless].compiled || !found(position, Unless, said, seen);
  }
};

RuleSet::RuleSet(const std::vector<const Rule*>& rules) : impl_(std::make_unique<Impl>()) {
  for (const Rule* rule : rules) impl_->add(*rule);
  impl_->literals.build();
  impl_->foreign_literals.build();
}

RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;

const Rule* RuleSet::find(const Said& said) const {
  const Impl& impl = *impl_;
  thread_local Impl::Seen seen;
  thread_local std::vector<std::uint32_t> hinted;  // positions whose pattern has a literal in the text
  seen.assign(impl.entries.size() * Impl::kParts, 0);
  hinted.clear();
  const auto note = [](std::uint32_t tag) {
    if (seen[tag] != 0) return;
    seen[tag] = 1;
    if (tag % Impl::kParts == Impl::Pattern) hinted.push_back(tag / Impl::kParts);
  };
  impl.literals.find(said.text, note);
  if (!is_ascii(said.text)) impl.foreign_literals.find(said.text, note);
  std::sort(hinted.begin(), hinted.end());
  auto other = impl.always.begin();
  for (const std::uint32_t position : hinted) {
    for (; other != impl.always.end() && *other < position; ++other) {
      if (impl.matches(*other, said, seen)) return impl.entries[*other].rule;
    }
    if (impl.matches(position, said, seen)) return impl.entries[position].rule;
  }
  for (; other != impl.always.end(); ++other) {
    if (impl.matches(*other, said, seen)) return impl.entries[*other].rule;
  }
  return nullptr;
}

std::size_t RuleSet::size() const {
  return impl_->entries.size();
}

}  // namespace penstock::classify
