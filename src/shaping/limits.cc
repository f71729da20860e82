// SPDX-License-Identifier: Apache-2.0
#include "shaping/limits.h"

#include <algorithm>

namespace penstock::shaping {
namespace {

std::uint32_t stricter(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

Rate stricter(const Rate& a, const Rate& b) {
  if (a.count <= 0) return b;
  if (b.count <= 0) return a;
  return a.per_second() <= b.per_second() ? a : b;
}

}  // namespace

Limits stricter(const Limits& a, const Limits& b) {
  return {.connections = stricter(a.connections, b.connections),
          .connection_rate = stricter(a.connection_rate, b.connection_rate),
          .messages_per_connection = stricter(a.messages_per_connection, b.messages_per_connection),
          .message_rate = stricter(a.message_rate, b.message_rate),
          .recipients_per_message = stricter(a.recipients_per_message, b.recipients_per_message),
          .transaction_rate = stricter(a.transaction_rate, b.transaction_rate),
          .byte_rate = stricter(a.byte_rate, b.byte_rate),
          .connections_floor = stricter(a.connections_floor, b.connections_floor),
          .connections_start = stricter(a.connections_start, b.connections_start),
          .message_rate_floor = stricter(a.message_rate_floor, b.message_rate_floor),
          .message_rate_start = stricter(a.message_rate_start, b.message_rate_start),
          .messages_per_connection_floor = stricter(a.messages_per_connection_floor, b.messages_per_connection_floor),
          .messages_per_connection_start = stricter(a.messages_per_connection_start, b.messages_per_connection_start)};
}

Limits filled(const Limits& narrow, const Limits& wide) {
  Limits all = narrow;
  const auto number = [&](std::uint32_t Limits::*field) {
    if (all.*field == 0) all.*field = wide.*field;
  };
  const auto rate = [&](Rate Limits::*field) {
    if ((all.*field).count <= 0) all.*field = wide.*field;
  };
  number(&Limits::connections);
  rate(&Limits::connection_rate);
  number(&Limits::messages_per_connection);
  rate(&Limits::message_rate);
  number(&Limits::recipients_per_message);
  rate(&Limits::transaction_rate);
  rate(&Limits::byte_rate);
  number(&Limits::connections_floor);
  number(&Limits::connections_start);
  rate(&Limits::message_rate_floor);
  rate(&Limits::message_rate_start);
  number(&Limits::messages_per_connection_floor);
  number(&Limits::messages_per_connection_start);
  const auto bring_down = [&](std::uint32_t Limits::*field, std::uint32_t ceiling) {
    if (ceiling != 0) all.*field = std::min(all.*field, ceiling);
  };
  bring_down(&Limits::connections_floor, all.connections);
  bring_down(&Limits::connections_start, all.connections);
  bring_down(&Limits::messages_per_connection_floor, all.messages_per_connection);
  bring_down(&Limits::messages_per_connection_start, all.messages_per_connection);
  if (all.message_rate.count > 0) {
    if (all.message_rate_floor.per_second() > all.message_rate.per_second()) all.message_rate_floor = all.message_rate;
    if (all.message_rate_start.per_second() > all.message_rate.per_second()) all.message_rate_start = all.message_rate;
  }
  return all;
}

}  // namespace penstock::shaping
