// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario_behaviour.h"

#include <fmt/format.h>

#include <array>

#include "base/ascii.h"

namespace penstock::sim {
namespace {

void read_extensions(Fields& fields, Behaviour& behaviour) {
  std::vector<std::string> names;
  if (!fields.texts("extensions", names)) return;
  behaviour.extensions = 0;
  for (const std::string& name : names) {
    std::size_t i = 0;
    while (i < kExtensionNames.size() && !ascii::equal_ignoring_case(kExtensionNames[i], name)) ++i;
    if (i == kExtensionNames.size()) {
      fields.bad("extensions", fmt::format("\"{}\" is none of {}", name, fmt::join(kExtensionNames, ", ")));
    } else {
      behaviour.extensions |= 1U << i;
    }
  }
}

void read_latency(Fields& fields, Problems& problems, Behaviour& behaviour) {
  Duration all{0};
  const toml::node* node = fields.take("latency");
  if (!node) return;
  if (!node->is_table()) {
    if (fields.duration("latency", all)) behaviour.latency.fill(all);
    return;
  }
  Fields by_step(*node->as_table(), problems, "latency");
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    by_step.duration(model::to_string(kSteps[i]), behaviour.latency[i]);
    if (kSteps[i] == Step::EndOfData) by_step.duration("end_of_data", behaviour.latency[i]);
  }
  by_step.finish();
}

void read_replies(Fields& fields, Behaviour& behaviour) {
  const std::array<std::pair<std::string_view, std::string*>, 4> replies{
      {{"connections_reply", &behaviour.connections_reply},
       {"messages_reply", &behaviour.messages_reply},
       {"rate_reply", &behaviour.rate_reply},
       {"accept_reply", &behaviour.accept_reply}}};
  for (const auto& [key, target] : replies) {
    std::string text;
    if (!fields.text(key, text)) continue;
    if (const auto reply = parse_reply(text)) {
      *target = *reply;
    } else {
      fields.bad(key, "must begin with a code of three digits and a space");
    }
  }
}

Reaction read_reaction(const toml::table& table, Problems& problems) {
  Fields fields(table, problems, "[[on]]");
  Reaction reaction;
  std::string step;
  std::string action;
  fields.text("step", step);
  if (const auto found = parse_step(step)) {
    reaction.step = *found;
  } else {
    fields.bad("step", "must be connect, banner, ehlo, mail, rcpt, data or end-of-data");
  }
  fields.share("share", reaction.share);
  fields.text("recipient", reaction.recipient);
  fields.text("sender", reaction.sender);
  fields.text("source", reaction.source);
  fields.duration("delay", reaction.delay);
  std::uint64_t first = 0;
  if (fields.number("first", first, 0, UINT32_MAX)) reaction.first = static_cast<std::uint32_t>(first);
  std::string text;
  const bool has_reply = fields.text("reply", text);
  if (const auto reply = parse_reply(text)) {
    reaction.reply = *reply;
  } else if (has_reply) {
    fields.bad("reply", "must begin with a code of three digits and a space");
  }
  const bool has_action = fields.text("action", action);
  if (!has_action) action = has_reply ? "reply" : reaction.delay > Duration::zero() ? "delay" : "";
  if (const auto found = parse_action(action)) {
    reaction.action = *found;
  } else {
    fields.bad("action",
               "must be accept, reply, delay, drop, reset, hang, half_reply, drip or accept_drop; or give a reply");
  }
  if (has_reply != (reaction.action == Action::Reply))
    fields.bad("reply", "goes with action \"reply\", and with no other");
  if (reaction.action == Action::AcceptDrop && reaction.step != Step::EndOfData) {
    fields.bad("action", "accept_drop is for end-of-data");
  }
  if (!reaction.recipient.empty() && reaction.step < Step::Rcpt) {
    fields.bad("recipient", "no recipient is known before rcpt");
  }
  fields.finish();
  return reaction;
}

}  // namespace

void read_behaviour(Fields& fields, Problems& problems, Behaviour& behaviour) {
  read_extensions(fields, behaviour);
  read_latency(fields, problems, behaviour);
  read_replies(fields, behaviour);
  fields.size("size_limit", behaviour.size_limit);
  fields.text("banner", behaviour.banner);
  fields.duration("banner_delay", behaviour.banner_delay);
  fields.duration("idle_timeout", behaviour.idle_timeout);
  fields.flag("lmtp", behaviour.lmtp);
  fields.rate("message_rate_per_source", behaviour.message_rate_per_source);
  std::uint64_t number = 0;
  if (fields.number("max_connections_per_source", number, 0, UINT32_MAX)) {
    behaviour.max_connections_per_source = static_cast<std::uint32_t>(number);
  }
  if (fields.number("max_messages_per_connection", number, 0, UINT32_MAX)) {
    behaviour.max_messages_per_connection = static_cast<std::uint32_t>(number);
  }
  std::vector<Reaction> reactions;
  for (const toml::table* table : fields.tables("on")) reactions.push_back(read_reaction(*table, problems));
  // A receiver's own reactions go before those of its named behaviour.
  behaviour.reactions.insert(behaviour.reactions.begin(), reactions.begin(), reactions.end());
}

}  // namespace penstock::sim
