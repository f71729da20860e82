// SPDX-License-Identifier: Apache-2.0
#include "sim/reaction_words.h"

#include <charconv>

#include "base/units.h"
#include "sim/errc.h"

namespace penstock::sim {
namespace {

template <class Number>
bool parse_number(const std::string& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 0;
}

}  // namespace

std::optional<std::string> take(std::map<std::string, std::string>& settings, const std::string& key) {
  auto node = settings.extract(key);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

Result<std::optional<Reaction>> take_reaction(std::map<std::string, std::string>& settings) {
  const auto step = take(settings, "step");
  if (!step) return std::optional<Reaction>{};
  Reaction reaction;
  const auto found = parse_step(*step);
  if (!found) return fail(Errc::BadArgument, "step is connect, banner, ehlo, mail, rcpt, data or end-of-data");
  reaction.step = *found;
  reaction.recipient = take(settings, "recipient").value_or("");
  reaction.sender = take(settings, "sender").value_or("");
  reaction.source = take(settings, "source").value_or("");
  if (const auto share = take(settings, "share")) {
    if (!parse_number(*share, reaction.share) || reaction.share > 1) {
      return fail(Errc::BadArgument, "share is a number from 0 to 1");
    }
  }
  if (const auto first = take(settings, "first"); first && !parse_number(*first, reaction.first)) {
    return fail(Errc::BadArgument, "first is a whole number");
  }
  if (const auto delay = take(settings, "delay")) {
    const auto span = parse_duration(*delay);
    if (!span) return fail(Errc::BadArgument, span.error());
    reaction.delay = *span;
  }
  const auto reply = take(settings, "reply");
  if (reply) {
    const auto text = parse_reply(*reply);
    if (!text) return fail(Errc::BadArgument, "reply begins with a code of three digits and a space");
    reaction.reply = *text;
  }
  const std::string usual = reply ? "reply" : reaction.delay > Duration::zero() ? "delay" : "";
  const auto action = parse_action(take(settings, "action").value_or(usual));
  if (!action)
    return fail(Errc::BadArgument,
                "action is accept, reply, delay, drop, reset, hang, half_reply, drip or accept_drop");
  reaction.action = *action;
  if ((*action == Action::Reply) != reply.has_value()) {
    return fail(Errc::BadArgument, "reply goes with action \"reply\", and with no other");
  }
  return std::optional<Reaction>{std::move(reaction)};
}

}  // namespace penstock::sim
