// SPDX-License-Identifier: Apache-2.0
#include "spf/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "spf/macro.h"

namespace penstock::spf {
namespace {

constexpr std::string_view kVersion = "v=spf1";

enum class Takes : std::uint8_t { Nothing, Domain, DomainMaybe, DomainAndPrefixes, Network };
struct Known {
  std::string_view name;
  Mechanism mechanism;
  Takes takes;
};
constexpr std::array<Known, 8> kKnown{{{"all", Mechanism::All, Takes::Nothing},
                                       {"include", Mechanism::Include, Takes::Domain},
                                       {"a", Mechanism::A, Takes::DomainAndPrefixes},
                                       {"mx", Mechanism::Mx, Takes::DomainAndPrefixes},
                                       {"ptr", Mechanism::Ptr, Takes::DomainMaybe},
                                       {"ip4", Mechanism::Ip4, Takes::Network},
                                       {"ip6", Mechanism::Ip6, Takes::Network},
                                       {"exists", Mechanism::Exists, Takes::Domain}}};

using Wrong = tl::unexpected<std::string>;

bool is_name(std::string_view text) {
  return !text.empty() && ascii::is_alpha(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

// "24" of "/24": no sign, no leading zero (§12).
std::optional<std::uint8_t> read_prefix(std::string_view digits, unsigned most) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > most) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

// Takes "/24", "//64" or "/24//64" off the end of `rest`; false when there is one that cannot be read.
bool take_prefixes(std::string_view& rest, Directive& directive) {
  const auto trailing_digits = [&rest] {
    std::size_t from = rest.size();
    while (from > 0 && ascii::is_digit(rest[from - 1])) --from;
    return from;
  };
  std::size_t digits = trailing_digits();
  if (digits >= 2 && rest.substr(digits - 2, 2) == "//") {
    const auto prefix = read_prefix(rest.substr(digits), 128);
    if (!prefix) return false;
    directive.prefix6 = *prefix;
    rest = rest.substr(0, digits - 2);
    digits = trailing_digits();
  }
  if (digits >= 1 && rest[digits - 1] == '/') {
    const auto prefix = read_prefix(rest.substr(digits), 32);
    if (!prefix) return false;
    directive.prefix4 = *prefix;
    rest = rest.substr(0, digits - 1);
  }
  return true;
}

// "192.0.2.0/24" or "2001:db8::/32" of ip4 and ip6; bits behind the prefix may be set (§5.6).
bool read_network(std::string_view text, Directive& directive) {
  const bool v6 = directive.mechanism == Mechanism::Ip6;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto prefix = read_prefix(text.substr(slash + 1), v6 ? 128 : 32);
    if (!prefix) return false;
    (v6 ? directive.prefix6 : directive.prefix4) = *prefix;
  }
  const std::string_view address = text.substr(0, slash);
  const auto parsed = IpAddress::parse(address);
  if (!parsed || v6 != (address.find(':') != std::string_view::npos)) return false;
  directive.address = *parsed;
  // An address in IPv6 form that is an IPv4 one to us: its network as IPv4 is what can fit a client.
  if (v6 && !parsed->v6) {
    directive.prefix4 = directive.prefix6 < 96 ? 0 : static_cast<std::uint8_t>(directive.prefix6 - 96);
  }
  return true;
}

Parsed<Directive> read_directive(std::string_view term) {
  Directive directive;
  directive.text = term;
  constexpr std::string_view kQualifiers = "+-~?";
  if (const std::size_t at = kQualifiers.find(term.front()); at != std::string_view::npos) {
    directive.qualifier = static_cast<Qualifier>(at);
    term.remove_prefix(1);
  }
  const std::size_t end = std::min(term.find_first_of(":/"), term.size());
  const std::string_view name = term.substr(0, end);
  std::string_view rest = term.substr(end);
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                   [&](const Known& each) { return ascii::equal_ignoring_case(each.name, name); });
  if (known == kKnown.end()) return Wrong(fmt::format("\"{}\" is no mechanism", directive.text));
  directive.mechanism = known->mechanism;
  const auto malformed = [&] { return Wrong(fmt::format("\"{}\" is malformed", directive.text)); };
  if (known->takes == Takes::Network) {
    if (!rest.starts_with(':') || !read_network(rest.substr(1), directive)) return malformed();
    return directive;
  }
  if (known->takes == Takes::DomainAndPrefixes && !take_prefixes(rest, directive)) return malformed();
  if (rest.empty()) {
    if (known->takes == Takes::Domain) return Wrong(fmt::format("\"{}\" needs a domain", directive.text));
    return directive;
  }
  if (known->takes == Takes::Nothing || !rest.starts_with(':')) return malformed();
  directive.domain = rest.substr(1);
  if (std::string wrong = check_macros(directive.domain, MacroUse::DomainSpec); !wrong.empty()) {
    return Wrong(std::move(wrong));
  }
  return directive;
}

// redirect= and exp= may stand once; others are passed over, but their syntax counts (§6).
std::string read_modifier(std::string_view name, std::string_view value, Record& record) {
  const bool redirect = ascii::equal_ignoring_case(name, "redirect");
  if (!redirect && !ascii::equal_ignoring_case(name, "exp")) return check_macros(value, MacroUse::Value);
  std::string& target = redirect ? record.redirect : record.explanation;
  if (!target.empty()) return fmt::format("{}= is there twice", ascii::lower(name));
  target = value;
  return check_macros(value, MacroUse::DomainSpec);
}

}  // namespace

bool is_spf_record(std::string_view text) {
  if (!ascii::starts_with_ignoring_case(text, kVersion)) return false;
  return text.size() == kVersion.size() || text[kVersion.size()] == ' ';
}

Parsed<Record> parse_record(std::string_view text) {
  Record record;
  text.remove_prefix(std::min(text.size(), kVersion.size()));
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view term = text.substr(0, end);
    text.remove_prefix(end);
    // A modifier has "=" before any of the characters that may follow a mechanism's name.
    const std::size_t mark = term.find_first_of("=:/");
    if (mark != std::string_view::npos && term[mark] == '=' && is_name(term.substr(0, mark))) {
      std::string wrong = read_modifier(term.substr(0, mark), term.substr(mark + 1), record);
      if (!wrong.empty()) return Wrong(std::move(wrong));
      continue;
    }
    auto directive = read_directive(term);
    if (!directive) return Wrong(directive.error());
    record.directives.push_back(std::move(*directive));
  }
  return record;
}

bool same_network(const IpAddress& one, const IpAddress& other, std::uint8_t prefix) {
  if (one.v6 != other.v6) return false;
  std::size_t left = prefix;
  for (std::size_t i = 0; left > 0; ++i) {
    const std::size_t bits = std::min<std::size_t>(8, left);
    const unsigned mask = 0xFF00U >> bits & 0xFFU;
    if (((one.bytes[i] ^ other.bytes[i]) & mask) != 0) return false;
    left -= bits;
  }
  return true;
}

}  // namespace penstock::spf
