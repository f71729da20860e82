// SPDX-License-Identifier: Apache-2.0
#include "sim/personality.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {
namespace {

Duration seconds_of(double count) {
  return Duration{static_cast<std::int64_t>(count * 1e6)};
}

// Codes are those the providers publish; %IP% is the source.
constexpr std::string_view text_of(PersonalityKind kind, Reason reason) {
  switch (kind) {
    case PersonalityKind::Gmail:
      if (reason == Reason::Rate) {
        return "421 4.7.28 [%IP%] our system has detected an unusual rate of mail originating from your IP address. "
               "Mail sent from it has been temporarily rate limited.";
      }
      if (reason == Reason::MessagesPerConnection) return "421 4.7.0 Connection expired, try reconnecting.";
      if (reason == Reason::Hold || reason == Reason::Connections) {
        return "421 4.7.0 Try again later, closing connection.";
      }
      if (reason == Reason::Complaints) {
        return "550 5.7.1 [%IP%] our system has detected that this message is likely unsolicited mail. This message "
               "has been blocked.";
      }
      return "550 5.7.28 an unusual rate of unsolicited mail comes from your IP address. It has been blocked.";
    case PersonalityKind::Microsoft:
      if (reason == Reason::Connections) {
        return "451 4.7.652 The mail server [%IP%] has exceeded the maximum number of connections. (S3115)";
      }
      if (reason == Reason::MessagesPerConnection) return "451 4.7.500 Server busy. Please try again later.";
      if (reason == Reason::Blocked || reason == Reason::Complaints) {
        return "550 5.7.1 Unfortunately, messages from [%IP%] weren't sent. Part of your network is on our block list "
               "(S3140).";
      }
      return "451 4.7.650 The mail server [%IP%] has been temporarily rate limited due to IP reputation. (S775)";
    case PersonalityKind::Yahoo:
      if (reason == Reason::Blocked) {
        return "553 5.7.1 [BL21] Connections will not be accepted from %IP%, because the IP is on a block list";
      }
      if (reason == Reason::Complaints) {
        return "553 5.7.2 [TSS09] All messages from %IP% will be permanently deferred; Retrying will NOT succeed.";
      }
      if (reason == Reason::Connections) return "421 4.7.0 [TSS05] Too many connections from %IP%, come back later";
      return "421 4.7.0 [TSS04] Messages from %IP% temporarily deferred due to unexpected volume or user complaints";
    case PersonalityKind::Apple:
      if (reason == Reason::Blocked || reason == Reason::Complaints) {
        return "554 5.7.1 [CS01] Message rejected due to local policy. Your IP address is %IP%";
      }
      return "421 4.7.1 Messages from %IP% deferred due to excessive volume. Try again later";
    case PersonalityKind::Plain: break;
  }
  if (reason == Reason::Blocked || reason == Reason::Complaints) return "550 5.7.1 mail from %IP% is not taken here";
  if (reason == Reason::Rate) return "451 4.7.1 too many messages from %IP%, slow down";
  return "421 4.7.0 too much from %IP%, come back later";
}

std::string words(PersonalityKind kind, Reason reason, std::string_view source) {
  std::string reply(text_of(kind, reason));
  if (const std::size_t at = reply.find("%IP%"); at != std::string::npos) reply.replace(at, 4, source);
  return reply;
}

Verdict refuse(PersonalityKind kind, Reason reason, std::string_view source) {
  return {Action::Reply, words(kind, reason, source), Duration{0}, reason};
}

bool take_token(const HiddenLimits& limits, SourceState& state, std::string_view source, double rate, Duration now) {
  const double capacity = std::max(1.0, rate * limits.value(Trait::Burst, source, now));
  const double elapsed = static_cast<double>((now - state.filled).count()) / 1e6;
  state.tokens = state.seen ? std::min(capacity, state.tokens + elapsed * rate) : capacity;
  state.seen = true;
  state.filled = now;
  if (state.tokens < 1) return false;
  state.tokens -= 1;
  return true;
}

// One attempt too many; enough of them within a minute and the source is held.
void strike(const HiddenLimits& limits, SourceState& state, std::string_view source, Duration now) {
  if (now - state.strikes_since > std::chrono::minutes{1}) {
    state.strikes = 0;
    state.strikes_since = now;
  }
  ++state.strikes;
  const double tolerance = limits.value(Trait::Tolerance, source, now);
  if (tolerance <= 0 || state.strikes < tolerance) return;
  state.strikes = 0;
  state.held_until = now + seconds_of(limits.value(Trait::Hold, source, now));
}

// Where the kind looks at the rate.
constexpr Step rate_step(PersonalityKind kind) {
  return kind == PersonalityKind::Gmail ? Step::EndOfData : Step::Mail;
}

Verdict judge_connect(PersonalityKind kind, const SourceState& state, const Sight& sight, Duration now) {
  const bool held = now < state.held_until;
  const bool refuses_here = kind != PersonalityKind::Microsoft;  // that one refuses at MAIL
  if (!refuses_here || (!held && !sight.crowded)) return {};
  const Reason reason = held ? Reason::Hold : Reason::Connections;
  if (kind == PersonalityKind::Apple) return {Action::Reset, {}, Duration{0}, reason};
  return refuse(kind, reason, sight.source);
}

Verdict judge_mail(PersonalityKind kind, const HiddenLimits& limits, const SourceState& state, const Sight& sight,
                   Duration now) {
  if (limits.value(Trait::Blocked, sight.source, now) >= 0.5) return refuse(kind, Reason::Blocked, sight.source);
  if (sight.crowded) return refuse(kind, Reason::Connections, sight.source);
  if (now < state.held_until) {
    if (kind != PersonalityKind::Microsoft) return refuse(kind, Reason::Hold, sight.source);
    return {Action::Reset, {}, seconds_of(limits.value(Trait::Slow, sight.source, now)), Reason::Hold};
  }
  const double most = limits.value(Trait::MessagesPerConnection, sight.source, now);
  if (most >= 1 && static_cast<double>(sight.messages) >= most) {
    if (kind == PersonalityKind::Yahoo) return {Action::Drop, {}, Duration{0}, Reason::MessagesPerConnection};
    return refuse(kind, Reason::MessagesPerConnection, sight.source);
  }
  return {};
}

}  // namespace

std::optional<PersonalityKind> parse_personality(std::string_view name) {
  const auto* found = std::find(kPersonalityNames.begin(), kPersonalityNames.end(), name);
  if (found == kPersonalityNames.end()) return std::nullopt;
  return static_cast<PersonalityKind>(found - kPersonalityNames.begin());
}

std::optional<double> allowed_rate(const HiddenLimits& limits, std::string_view source, Duration now) {
  const double complaints = limits.value(Trait::ComplaintShare, source, now);
  if (limits.value(Trait::Blocked, source, now) >= 0.5) return 0.0;
  if (complaints > 0 && complaints >= limits.value(Trait::ComplaintBlock, source, now)) return 0.0;
  const double rate = limits.value(Trait::Rate, source, now);
  if (rate <= 0) return std::nullopt;
  const double low = limits.value(Trait::ComplaintLow, source, now);
  const double high = std::max(low, limits.value(Trait::ComplaintHigh, source, now));
  if (complaints <= low) return rate;
  if (complaints >= high) return rate * 0.1;
  return rate * (1 - 0.9 * (complaints - low) / (high - low));
}

Verdict judge(PersonalityKind kind, const HiddenLimits& limits, SourceState& state, const Sight& sight, Duration now) {
  if (sight.step == Step::Connect) return judge_connect(kind, state, sight, now);
  if (sight.step == Step::Mail) {
    Verdict verdict = judge_mail(kind, limits, state, sight, now);
    if (verdict.reason != Reason::None) return verdict;
  }
  if (sight.step != rate_step(kind)) return {};
  const auto rate = allowed_rate(limits, sight.source, now);
  if (rate && *rate <= 0) return refuse(kind, Reason::Complaints, sight.source);
  if (!rate || take_token(limits, state, sight.source, *rate, now)) return {};
  strike(limits, state, sight.source, now);
  return refuse(kind, Reason::Rate, sight.source);
}

}  // namespace penstock::sim
