// SPDX-License-Identifier: Apache-2.0
#include "sim/provider.h"

#include <algorithm>
#include <boost/json/array.hpp>

namespace penstock::sim {
namespace {

namespace json = boost::json;
constexpr Duration kSampleMin{std::chrono::milliseconds{100}};
constexpr std::int64_t kSamplesMax = 20'000;

std::uint64_t key_of(std::string_view sender, std::string_view recipient) {
  const std::hash<std::string_view> hash;
  return (std::rotl(hash(sender), 31) ^ hash(recipient)) * 0x9E3779B97F4A7C15ULL;
}

}  // namespace

void Provider::begin(Duration now) {
  const std::lock_guard lock(mutex_);
  begun_ = now;
  limits_ = spec_.limits;
  tied_.clear();
  seconds_.clear();
  for (auto& [address, source] : sources_) {
    const std::uint32_t open = source.state.connections;  // they will leave() one day
    source = {};
    source.state.connections = open;
  }
}

void Provider::change(Change change, Duration now) {
  const std::lock_guard lock(mutex_);
  change.at += now - begun_;
  limits_.add(std::move(change));
}

bool Provider::enter(const std::string& source, Duration now) {
  const std::lock_guard lock(mutex_);
  Source& known = sources_[source];
  const double most = limits_.value(Trait::Connections, source, now - begun_);
  if (most >= 1 && known.state.connections >= most) return false;
  ++known.state.connections;
  return true;
}

void Provider::leave(const std::string& source) {
  const std::lock_guard lock(mutex_);
  --sources_[source].state.connections;
}

Provider::Second& Provider::second_of(Duration elapsed) {
  const auto index = static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
  const std::size_t place = std::min(index, kSecondsMax - 1);
  if (seconds_.size() <= place) seconds_.resize(place + 1);
  return seconds_[place];
}

Verdict Provider::judge(const Occasion& occasion, std::uint64_t messages, bool crowded, Duration now) {
  const std::lock_guard lock(mutex_);
  const std::string address(occasion.source);
  const Duration elapsed = now - begun_;
  Source& source = sources_[address];
  if (occasion.step == Step::Mail) {
    ++source.offered;
    ++second_of(elapsed).offered;
    if (source.first < Duration::zero()) source.first = elapsed;
    source.last = elapsed;
  }
  Verdict verdict = sim::judge(spec_.kind, limits_, source.state, {occasion.step, address, messages, crowded}, elapsed);
  if (verdict.reason == Reason::None) return verdict;
  ++source.refused[static_cast<std::size_t>(verdict.reason)];
  ++second_of(elapsed).refused;
  for (const std::string& recipient : occasion.recipients) note_move(address, occasion.sender, recipient);
  if (!ties_to_source(verdict)) return verdict;
  for (const std::string& recipient : occasion.recipients) {
    tied_.emplace(key_of(occasion.sender, recipient), address);
  }
  return verdict;
}

void Provider::named(std::string_view source, std::string_view sender, std::string_view recipient) {
  const std::lock_guard lock(mutex_);
  note_move(source, sender, recipient);
}

void Provider::note_move(std::string_view source, std::string_view sender, std::string_view recipient) {
  if (tied_.empty()) return;
  const auto found = tied_.find(key_of(sender, recipient));
  if (found == tied_.end() || found->second == source) return;
  ++sources_[std::string(source)].snowshoe;
  found->second = source;  // each move counts once
}

void Provider::taken(const std::string& source, std::string_view sender, std::span<const std::string> recipients,
                     Duration now) {
  const std::lock_guard lock(mutex_);
  Source& known = sources_[source];
  ++known.taken;
  known.recipients_taken += recipients.size();
  known.last = now - begun_;
  ++second_of(now - begun_).taken;
  if (tied_.empty()) return;
  for (const std::string& recipient : recipients) tied_.erase(key_of(sender, recipient));
}

// Negative where at some moment there is no limit.
double Provider::allowed_between(const std::string& address, Duration from, Duration to) const {
  const Duration sample = std::max(kSampleMin, (to - from) / kSamplesMax);
  double sum = 0;
  while (from < to) {
    const Duration span = std::min(sample, to - from);
    const auto rate = allowed_rate(limits_, address, from + span / 2);
    if (!rate) return -1;
    sum += *rate * static_cast<double>(span.count()) / 1e6;
    from += span;
  }
  return sum;
}

json::object Provider::report_source(const std::string& address, const Source& source) const {
  json::object refused;
  for (std::size_t i = 1; i < kReasonNames.size(); ++i) {
    if (source.refused[i] != 0) refused[kReasonNames[i]] = source.refused[i];
  }
  const auto count = [&](Reason reason) { return source.refused[static_cast<std::size_t>(reason)]; };
  json::object object{{"offered", source.offered},
                      {"taken", source.taken},
                      {"recipients_taken", source.recipients_taken},
                      {"refused", std::move(refused)},
                      {"violations", count(Reason::Rate) + count(Reason::Connections) + count(Reason::Hold) +
                                         count(Reason::MessagesPerConnection)},
                      {"snowshoe", source.snowshoe},
                      {"open_connections", source.state.connections}};
  if (source.first < Duration::zero()) return object;
  const double allowed = allowed_between(address, source.first, source.last);
  object["from_s"] = static_cast<double>(source.first.count()) / 1e6;
  object["to_s"] = static_cast<double>(source.last.count()) / 1e6;
  if (allowed < 0) return object;  // as many as it likes: no share of that
  object["allowed"] = allowed;
  if (allowed > 0) object["goodput_share"] = static_cast<double>(source.taken) / allowed;
  return object;
}

json::array Provider::report_seconds() const {
  json::array rows;
  for (std::size_t i = 0; i < seconds_.size(); ++i) {
    const Duration begin = std::chrono::seconds{i};
    const Duration end = begin + std::chrono::seconds{1};
    double allowed = 0;
    for (const auto& [address, source] : sources_) {
      if (source.first < Duration::zero()) continue;
      const double part = allowed_between(address, std::max(begin, source.first), std::min(end, source.last));
      allowed = part < 0 || allowed < 0 ? -1 : allowed + part;
    }
    const Second& second = seconds_[i];
    json::array row{i, nullptr, second.offered, second.taken, second.refused};
    if (allowed >= 0) row[1] = allowed;
    rows.push_back(std::move(row));
  }
  return rows;
}

json::object Provider::report(Duration now) const {
  const std::lock_guard lock(mutex_);
  json::object sources;
  std::uint64_t taken = 0;
  std::uint64_t offered = 0;
  std::uint64_t violations = 0;
  std::uint64_t snowshoe = 0;
  double allowed = 0;
  for (const auto& [address, source] : sources_) {
    json::object one = report_source(address, source);
    offered += source.offered;
    taken += source.taken;
    snowshoe += source.snowshoe;
    violations += one.at("violations").to_number<std::uint64_t>();
    const json::value* part = one.if_contains("allowed");
    if (part != nullptr && allowed >= 0) allowed += part->as_double();
    if (part == nullptr && source.offered > 0) allowed = -1;
    sources[address] = std::move(one);
  }
  json::object object{{"kind", kPersonalityNames[static_cast<std::size_t>(spec_.kind)]},
                      {"elapsed_s", static_cast<double>((now - begun_).count()) / 1e6},
                      {"offered", offered},
                      {"taken", taken},
                      {"violations", violations},
                      {"snowshoe", snowshoe},
                      {"sources", std::move(sources)},
                      {"seconds", report_seconds()}};
  if (allowed < 0) return object;
  object["allowed"] = allowed;
  if (allowed > 0) object["goodput_share"] = static_cast<double>(taken) / allowed;
  return object;
}

}  // namespace penstock::sim
