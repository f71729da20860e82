// SPDX-License-Identifier: Apache-2.0
#include "sim/behaviour.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "sim/pattern.h"

namespace penstock::sim {
namespace {

struct ActionName {
  Action action;
  std::string_view name;
};
constexpr std::array<ActionName, 9> kActions{{{Action::Accept, "accept"},
                                              {Action::Reply, "reply"},
                                              {Action::Delay, "delay"},
                                              {Action::Drop, "drop"},
                                              {Action::Reset, "reset"},
                                              {Action::Hang, "hang"},
                                              {Action::HalfReply, "half_reply"},
                                              {Action::Drip, "drip"},
                                              {Action::AcceptDrop, "accept_drop"}}};

std::uint64_t mix(std::uint64_t seed, std::string_view text) {
  return (std::rotl(seed, 23) ^ std::hash<std::string_view>{}(text)) * 0x9E3779B97F4A7C15ULL;
}

// 192.0.2.77 and 192.0.2.78 are one client to a greylist, as they are to real ones.
std::string_view network_of(std::string_view address) {
  const std::size_t dot = address.rfind('.');
  return dot == std::string_view::npos ? address : address.substr(0, dot);
}

bool applies(const Reaction& reaction, const Occasion& occasion, Rng& rng, AttemptMemory& memory) {
  if (reaction.step != occasion.step) return false;
  if (!matches(reaction.source, occasion.source) || !matches(reaction.sender, occasion.sender)) return false;
  const std::string* hit = nullptr;
  for (const std::string& recipient : occasion.recipients) {
    if (!hit && matches(reaction.recipient, recipient)) hit = &recipient;
  }
  if (!reaction.recipient.empty() && !hit) return false;
  // The number is drawn even where the share is 1, so that adding a share elsewhere changes nothing here.
  if (rng.unit() >= reaction.share) return false;
  if (reaction.first == 0) return true;
  // What the reaction says identifies it: its place in the list moves when others are added while it runs.
  std::uint64_t key = mix(mix(*step_index(reaction.step), reaction.recipient), reaction.reply);
  key = mix(key, network_of(occasion.source));
  key = mix(key, occasion.sender);
  key = mix(key, hit ? std::string_view(*hit) : std::string_view());
  return memory.count(key) < reaction.first;
}

}  // namespace

std::optional<std::size_t> step_index(Step step) {
  const auto* found = std::find(kSteps.begin(), kSteps.end(), step);
  if (found == kSteps.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kSteps.begin());
}

std::optional<Step> parse_step(std::string_view name) {
  if (name == "end_of_data") return Step::EndOfData;
  for (const Step step : kSteps) {
    if (model::to_string(step) == name) return step;
  }
  return std::nullopt;
}

std::optional<Action> parse_action(std::string_view name) {
  for (const auto& entry : kActions) {
    if (entry.name == name) return entry.action;
  }
  return std::nullopt;
}

std::string_view to_string(Action action) {
  for (const auto& entry : kActions) {
    if (entry.action == action) return entry.name;
  }
  PENSTOCK_UNREACHABLE();
}

std::optional<std::string> parse_reply(std::string_view text) {
  const auto has_code = [](std::string_view line) {
    return line.size() >= 4 && line[0] >= '2' && line[0] <= '5' && ascii::is_digit(line[1]) &&
           ascii::is_digit(line[2]) && line[3] == ' ';
  };
  if (!has_code(text) || text.find('\r') != std::string_view::npos) return std::nullopt;
  const std::string_view code = text.substr(0, 4);
  std::string reply;
  for (;;) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (has_code(line)) {
      if (line.substr(0, 4) != code) return std::nullopt;
    } else {
      reply.append(code);
    }
    reply.append(line);
    if (end == std::string_view::npos) return reply;
    reply.push_back('\n');
    text.remove_prefix(end + 1);
  }
}

std::uint32_t AttemptMemory::count(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  return seen_[key]++;
}

void AttemptMemory::clear() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

Decision decide(const Behaviour& behaviour, const Occasion& occasion, Rng& rng, AttemptMemory& memory) {
  Decision decision;
  if (const auto index = step_index(occasion.step)) decision.delay = behaviour.latency[*index];
  for (const Reaction& reaction : behaviour.reactions) {
    if (!applies(reaction, occasion, rng, memory)) continue;
    decision.delay += reaction.delay;
    if (reaction.action == Action::Delay) continue;
    decision.action = reaction.action;
    decision.reply = reaction.reply;
    return decision;
  }
  return decision;
}

}  // namespace penstock::sim
