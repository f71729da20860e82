// SPDX-License-Identifier: Apache-2.0
// Ids of the things Penstock keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace penstock::model {

// One accepted message. Grows with time and never repeats on a node; survives restarts. People see it as format_id().
using MessageId = StrongId<struct MessageTag, std::uint64_t>;

// One recipient of one message: `index` counts the envelope's recipients from 0.
struct RecipientId {
  MessageId message;
  std::uint32_t index = 0;
  constexpr auto operator<=>(const RecipientId&) const = default;
};

// Thirteen characters of Crockford's base 32, upper case, which sort as the numbers do: "01K8Q2R5VX3ZP".
[[nodiscard]] std::string format_id(MessageId id);
// Nothing if `text` is not one. Case is ignored.
[[nodiscard]] std::optional<MessageId> parse_message_id(std::string_view text);
// What a message id looks like, for whoever gave something else: "13 digits and letters …".
[[nodiscard]] std::string_view message_id_form();
// "01K8Q2R5VX3ZP.3"
[[nodiscard]] std::string format_id(const RecipientId& id);
[[nodiscard]] std::optional<RecipientId> parse_recipient_id(std::string_view text);

}  // namespace penstock::model
