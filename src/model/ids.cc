// SPDX-License-Identifier: Apache-2.0
#include "model/ids.h"

#include <charconv>

#include "base/ascii.h"

namespace penstock::model {
namespace {
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 13;  // 65 bits, of which the topmost is always 0
}  // namespace

std::string format_id(MessageId id) {
  std::string text(kLength, '0');
  std::uint64_t rest = id.value;
  for (std::size_t i = kLength; i-- > 0; rest >>= 5) text[i] = kDigits[rest & 31];
  return text;
}

std::optional<MessageId> parse_message_id(std::string_view text) {
  if (text.size() != kLength) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    const std::size_t digit = kDigits.find(ascii::to_upper(text[i]));
    if (digit == std::string_view::npos || (i == 0 && digit > 15)) return std::nullopt;
    value = (value << 5) | digit;
  }
  if (value == 0) return std::nullopt;
  return MessageId{value};
}

std::string_view message_id_form() {
  return "13 digits and letters without I, L, O and U, of which the first is 0 to F and not all are 0, as "
         "\"01K8Q2R5VX3ZP\"";
}

std::string format_id(const RecipientId& id) {
  return format_id(id.message) + "." + std::to_string(id.index);
}

std::optional<RecipientId> parse_recipient_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto message = parse_message_id(text.substr(0, dot));
  const std::string_view digits = text.substr(dot + 1);
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (!message || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return RecipientId{*message, index};
}

}  // namespace penstock::model
