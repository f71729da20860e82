// SPDX-License-Identifier: Apache-2.0
#include "sim/hidden_limits.h"

#include <algorithm>
#include <charconv>

#include "sim/pattern.h"

namespace penstock::sim {

std::optional<Trait> parse_trait(std::string_view name) {
  const auto* found = std::find(kTraitNames.begin(), kTraitNames.end(), name);
  if (found == kTraitNames.end()) return std::nullopt;
  return static_cast<Trait>(found - kTraitNames.begin());
}

Parsed<double> parse_trait_value(Trait trait, std::string_view text) {
  if (text == "0") return 0.0;
  if (trait == Trait::Rate) {
    const auto rate = parse_rate(text);
    if (!rate) return tl::unexpected(rate.error());
    return rate->per_second();
  }
  if (trait == Trait::Burst || trait == Trait::Hold || trait == Trait::Slow) {
    const auto span = parse_duration(text);
    if (!span) return tl::unexpected(span.error());
    return static_cast<double>(span->count()) / 1e6;
  }
  if (trait == Trait::Blocked) {
    if (text == "true") return 1.0;
    if (text == "false") return 0.0;
    return tl::unexpected(std::string("must be true or false"));
  }
  double number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_share = index_of(trait) >= index_of(Trait::ComplaintShare) && trait <= Trait::ComplaintBlock;
  if (error != std::errc{} || end != text.data() + text.size() || !(number >= 0) || number > (is_share ? 1 : 1e9)) {
    return tl::unexpected(std::string(is_share ? "must be a number from 0 to 1" : "must be a number, at least 0"));
  }
  return number;
}

double HiddenLimits::value(Trait trait, std::string_view source, Duration now) const {
  double value = base[index_of(trait)];
  const Change* moving = nullptr;
  double from = value;
  // What a movement has reached at the moment `when`.
  const auto reached = [&](Duration when) {
    if (moving == nullptr) return value;
    if (when >= moving->at + moving->over) return moving->value;
    const double part = static_cast<double>((when - moving->at).count()) / static_cast<double>(moving->over.count());
    return from + (moving->value - from) * part;
  };
  for (const Change& change : changes) {
    if (change.at > now) break;
    if (change.trait != trait || !matches(change.source, source)) continue;
    from = reached(change.at);
    value = from;
    moving = &change;
  }
  return reached(now);
}

void HiddenLimits::add(Change change) {
  const auto behind = std::upper_bound(changes.begin(), changes.end(), change,
                                       [](const Change& a, const Change& b) { return a.at < b.at; });
  changes.insert(behind, std::move(change));
}

}  // namespace penstock::sim
