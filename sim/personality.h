// SPDX-License-Identifier: Apache-2.0
// Personality: how a kind of provider treats a source that exceeds its hidden limits. The decisions alone; no clock, no
// lock, no socket.
//
// Use:  const Verdict verdict = judge(kind, limits, state, {Step::Mail, "127.0.1.3", messages}, elapsed);
//
// Each kind refuses where its model does and in the codes its model publishes:
//   gmail      rate at end-of-data 421 4.7.28; held: 421 4.7.0 instead of a banner; complaints: rate falls, then
//              550 5.7.1
//   microsoft  connections 451 4.7.652 and rate 451 4.7.650 at MAIL; held: slow, then a reset; block list 550 5.7.1
//   yahoo      rate at MAIL 421 4.7.0 [TSS04], for as long as it holds; hangs up without a word after its messages
//   apple      refuses connections with a reset; rate at MAIL 421 4.7.1 "excessive volume"
//   plain      421 4.7.0 and 451 4.7.1, in sentences of our own
// Threads: whoever owns the SourceState.   Time: since the scenario began.
#pragma once

#include <string>
#include <string_view>

#include "sim/behaviour.h"
#include "sim/hidden_limits.h"

namespace penstock::sim {

enum class PersonalityKind : std::uint8_t { Plain, Gmail, Microsoft, Yahoo, Apple };
inline constexpr std::array<std::string_view, 5> kPersonalityNames{"plain", "gmail", "microsoft", "yahoo", "apple"};
[[nodiscard]] std::optional<PersonalityKind> parse_personality(std::string_view name);

// One [personality.*] of a scenario.
struct PersonalitySpec {
  std::string name;
  PersonalityKind kind = PersonalityKind::Plain;
  HiddenLimits limits;
};

// Why a source was refused. The names are those of the report.
enum class Reason : std::uint8_t { None, Rate, Connections, MessagesPerConnection, Hold, Complaints, Blocked };
inline constexpr std::array<std::string_view, 7> kReasonNames{
    "none", "rate", "connections", "messages_per_connection", "hold", "complaints", "blocked"};

// What a provider knows of one source address.
struct SourceState {
  bool seen = false;
  double tokens = 0;  // messages that may come now
  Duration filled{0};
  std::uint32_t connections = 0;  // open, those beyond the limit left out
  std::uint32_t strikes = 0;      // attempts above the rate since strikes_since
  Duration strikes_since{0};
  Duration held_until{0};
};

// What a client does just now.
struct Sight {
  Step step = Step::Connect;  // connect, mail or end-of-data; others are let pass
  std::string_view source;
  std::uint64_t messages = 0;  // taken on this connection before
  bool crowded = false;        // the connection was one too many
};

struct Verdict {
  Action action = Action::Accept;
  std::string reply;  // with Action::Reply
  Duration delay{0};
  Reason reason = Reason::None;
};

[[nodiscard]] Verdict judge(PersonalityKind kind, const HiddenLimits& limits, SourceState& state, const Sight& sight,
                            Duration now);

// Messages per second that the source may send at that moment; complaints and the block list included. Absent: as many
// as it likes.
[[nodiscard]] std::optional<double> allowed_rate(const HiddenLimits& limits, std::string_view source, Duration now);

// True for an answer after which the recipient has to wait for this source: its rate or its reputation.
[[nodiscard]] constexpr bool ties_to_source(const Verdict& verdict) {
  return verdict.reason == Reason::Rate || verdict.reason == Reason::Hold ||
         (verdict.reason == Reason::Complaints && verdict.reply.starts_with('4'));
}

}  // namespace penstock::sim
