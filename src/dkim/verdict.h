// SPDX-License-Identifier: Apache-2.0
// Verdict: what became of one DKIM signature, in the words of RFC 8601 §2.7.1.   Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace penstock::dkim {

enum class Verdict : std::uint8_t {
  Pass,       // signed by the domain, unchanged, and acceptable
  Policy,     // body hash and signature are right, but it is not acceptable: RFC 8301, or more header than was signed
  Fail,       // body hash or signature is wrong, or it has expired
  TempError,  // the key could not be had just now
  PermError,  // it cannot be evaluated, and never will: syntax, no such key, key and signature do not belong together
  Neutral     // not evaluated: there are more signatures than we look at
};
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "pass", "policy", "fail", "temperror", …

// What reads text from outside returns: the value, or what is wrong with the text in words ("d= is missing").
template <class T = void>
using Readable = tl::expected<T, std::string>;

[[nodiscard]] inline tl::unexpected<std::string> wrong(std::string words) {
  return tl::unexpected<std::string>(std::move(words));
}

}  // namespace penstock::dkim
