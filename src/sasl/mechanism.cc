// SPDX-License-Identifier: Apache-2.0
#include "sasl/mechanism.h"

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::sasl {

std::string_view to_string(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::Plain: return "PLAIN";
    case Mechanism::Login: return "LOGIN";
    case Mechanism::ScramSha256: return "SCRAM-SHA-256";
  }
  PENSTOCK_UNREACHABLE();
}

std::optional<Mechanism> parse_mechanism(std::string_view name) {
  for (const Mechanism mechanism : {Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256}) {
    if (ascii::equal_ignoring_case(name, to_string(mechanism))) return mechanism;
  }
  return std::nullopt;
}

}  // namespace penstock::sasl
