// SPDX-License-Identifier: Apache-2.0
// Mechanism: the ways of proving who one is that we speak (RFC 4422).   Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::sasl {

enum class Mechanism : std::uint8_t {
  Plain,        // RFC 4616
  Login,        // draft-murchison-sasl-login: never a standard, and what many programs speak
  ScramSha256,  // RFC 5802, 7677: the password itself is not sent
};
[[nodiscard]] std::string_view to_string(Mechanism mechanism);                  // as in EHLO: "SCRAM-SHA-256"
[[nodiscard]] std::optional<Mechanism> parse_mechanism(std::string_view name);  // case is ignored

}  // namespace penstock::sasl
