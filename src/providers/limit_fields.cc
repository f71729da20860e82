// SPDX-License-Identifier: Apache-2.0
#include "providers/limit_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::providers {
namespace {

using config::Limits;

template <std::uint32_t Limits::*member>
constexpr LimitField number(const char* key, const char* table) {
  return {key, table,
          [](const Limits& limits) { return limits.*member == 0 ? std::string() : fmt::format("{}", limits.*member); },
          [](const Limits& from, Limits& to) { to.*member = from.*member; }};
}

template <Rate Limits::*member>
constexpr LimitField rate(const char* key, const char* table) {
  return {
      key, table,
      [](const Limits& limits) { return (limits.*member).count <= 0 ? std::string() : format_rate(limits.*member); },
      [](const Limits& from, Limits& to) { to.*member = from.*member; }};
}

constexpr LimitField kFields[] = {
    number<&Limits::connections>("connections", "connections"),
    number<&Limits::connections_floor>("connections_floor", "connections"),
    number<&Limits::connections_start>("connections_start", "connections"),
    rate<&Limits::connection_rate>("connection_rate", "connection_rate"),
    number<&Limits::messages_per_connection>("messages_per_connection", "messages_per_connection"),
    number<&Limits::messages_per_connection_floor>("messages_per_connection_floor", "messages_per_connection"),
    number<&Limits::messages_per_connection_start>("messages_per_connection_start", "messages_per_connection"),
    rate<&Limits::message_rate>("message_rate", "message_rate"),
    rate<&Limits::message_rate_floor>("message_rate_floor", "message_rate"),
    rate<&Limits::message_rate_start>("message_rate_start", "message_rate"),
    number<&Limits::recipients_per_message>("recipients_per_message", "recipients_per_message"),
};

void bring_down(std::uint32_t& low, std::uint32_t ceiling) {
  if (ceiling != 0) low = std::min(low, ceiling);
}
void bring_down(Rate& low, const Rate& ceiling) {
  if (ceiling.count > 0 && low.per_second() > ceiling.per_second()) low = ceiling;
}

}  // namespace

std::span<const LimitField> limit_fields() {
  return kFields;
}

config::Limits fill(const config::Limits& narrow, const config::Limits& wide) {
  Limits all = narrow;
  for (const LimitField& field : kFields) {
    if (field.text(narrow).empty()) field.copy(wide, all);
  }
  bring_down(all.connections_start, all.connections);
  bring_down(all.connections_floor, all.connections);
  bring_down(all.messages_per_connection_start, all.messages_per_connection);
  bring_down(all.messages_per_connection_floor, all.messages_per_connection);
  bring_down(all.message_rate_start, all.message_rate);
  bring_down(all.message_rate_floor, all.message_rate);
  return all;
}

}  // namespace penstock::providers
