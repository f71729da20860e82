// SPDX-License-Identifier: Apache-2.0
#include "config/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "base/ip_network.h"

namespace penstock::config {
namespace {

using Verdict = std::optional<Wrong>;

// A byte of a UTF-8 sequence; TOML guarantees that the sequence is whole.
bool is_international(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
bool is_printable(char c) {
  return (c > ' ' && c != 0x7F) || is_international(c);
}

Verdict wrong(std::string_view expected, std::string_view given, std::string suggestion = {}) {
  return Wrong{fmt::format("must be {}, not {}", expected, quote(given.substr(0, 80))), std::move(suggestion)};
}

Verdict check_domain(std::string& text) {
  const std::string given = text;
  if (text.ends_with('.')) text.pop_back();
  text = ascii::lower(text);
  if (is_domain(text)) return std::nullopt;
  return wrong("a domain name", given, given.find('@') != std::string::npos ? "leave out what stands up to the @" : "");
}

Verdict check_domain_pattern(std::string& text) {
  const std::string given = text;
  if (text == "*")
    return wrong("a domain or \"*.\" and a domain", given, "name the domains; \"*\" would take all mail");
  std::string rest = text.starts_with("*.") ? text.substr(2) : text;
  if (check_domain(rest)) {
    return wrong("a domain or \"*.\" and a domain", given,
                 given.starts_with('.') ? "write \"*" + given + "\" for everything below it" : "");
  }
  text = (text.starts_with("*.") ? "*." : "") + rest;
  return std::nullopt;
}

Verdict check_days(std::string& text) {
  static constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  text = ascii::lower(text);
  const auto is_day = [](std::string_view day) { return std::find(kDays.begin(), kDays.end(), day) != kDays.end(); };
  std::string_view left = text;
  while (true) {
    const std::size_t comma = left.find(',');
    const std::string_view part = ascii::trim(left.substr(0, comma));
    const std::size_t dash = part.find('-');
    const bool good = is_day(part.substr(0, dash)) && (dash == std::string_view::npos || is_day(part.substr(dash + 1)));
    if (!good) return wrong("as \"mon-fri\" or \"sat,sun\"", text);
    if (comma == std::string_view::npos) return std::nullopt;
    left.remove_prefix(comma + 1);
  }
}

// Minutes after midnight of "08:00", up to 24:00.
std::optional<int> minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int hour = 0;
  int minute = 0;
  const auto read = [&](std::size_t at, int& out) {
    return ascii::is_digit(text[at]) && ascii::is_digit(text[at + 1]) &&
           std::from_chars(text.data() + at, text.data() + at + 2, out).ec == std::errc{};
  };
  if (!read(0, hour) || !read(3, minute) || minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return hour * 60 + minute;
}

Verdict check_hours(std::string& text) {
  const std::size_t dash = text.find('-');
  const auto from = minutes(std::string_view(text).substr(0, dash));
  const auto until = dash == std::string::npos ? std::nullopt : minutes(std::string_view(text).substr(dash + 1));
  if (!from || !until) return wrong("as \"08:00-22:00\"", text);
  if (*from == *until) return wrong("a span of time", text, "write \"00:00-24:00\" for the whole day");
  return std::nullopt;
}

Verdict check_zone(std::string& text) {
  const bool good = !text.empty() && text.size() <= 64 && ascii::is_alpha(text[0]) &&
                    text.find("..") == std::string::npos && std::all_of(text.begin(), text.end(), [](char c) {
                      return ascii::is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
                    });
  return good ? std::nullopt : wrong("a time zone as \"Europe/Berlin\" or \"UTC\"", text);
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > 253 || IpAddress::parse(text)) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    const bool good = std::all_of(label.begin(), label.end(), [](char c) {
      return ascii::is_alnum(c) || c == '-' || c == '_' || is_international(c);
    });
    if (!good) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

Kind<std::string> any_text(std::size_t longest) {
  return text("text", [longest](std::string& given) -> Verdict {
    if (!given.empty() && given.size() <= longest) return std::nullopt;
    return Wrong{fmt::format("must have from 1 to {} bytes, not {}", longest, given.size()), ""};
  });
}

Kind<std::string> absolute_path() {
  return text("path", [](std::string& given) -> Verdict {
    const bool good = given.starts_with('/') && given.size() < 4096 && given.find('\0') == std::string::npos;
    return good ? std::nullopt : wrong("an absolute path", given, "begin it with \"/\"");
  });
}

Kind<std::string> name() {
  return text("name", [](std::string& given) -> Verdict {
    const bool good = !given.empty() && given.size() <= 64 && ascii::is_alnum(given[0]) &&
                      std::all_of(given.begin(), given.end(),
                                  [](char c) { return ascii::is_alnum(c) || c == '.' || c == '_' || c == '-'; });
    return good ? std::nullopt : wrong("a name", given, "use up to 64 letters, digits, \".\", \"_\" and \"-\"");
  });
}

Kind<std::string> domain() {
  return text("domain", check_domain);
}

Kind<std::string> domain_pattern() {
  return text("domain pattern", check_domain_pattern);
}

Kind<std::string> header_name() {
  return text("header name", [](std::string& given) -> Verdict {
    const bool good = !given.empty() && given.size() <= 77 &&
                      std::all_of(given.begin(), given.end(), [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
    return good ? std::nullopt
                : wrong("the name of a header field", given, given.ends_with(':') ? "leave out the colon" : "");
  });
}

Kind<std::string> sender_pattern() {
  return text("address pattern", [](std::string& given) -> Verdict {
    const bool plain = given.size() <= 320 && std::all_of(given.begin(), given.end(), is_printable);
    if (plain && given.find_first_of("@*") != std::string::npos) return std::nullopt;
    return wrong("an address pattern", given,
                 is_domain(given) ? "write \"@" + given + "\" for the whole domain" : "write \"news-*@example.com\"");
  });
}

Kind<std::string> mail_address() {
  return text("address", [](std::string& given) -> Verdict {
    const std::size_t at = given.rfind('@');
    const bool good = at != std::string::npos && at > 0 && at <= 64 &&
                      is_domain(std::string_view(given).substr(at + 1)) &&
                      std::all_of(given.begin(), given.end(), is_printable);
    return good ? std::nullopt : wrong("an address", given, "write \"mailer-daemon@example.com\"");
  });
}

Kind<std::string> return_path() {
  return text("address with {ref}", [](std::string& given) -> Verdict {
    constexpr std::string_view kPlace = "{ref}";
    constexpr std::size_t kReferenceBytes = 47;
    constexpr std::size_t kLocalPartMax = 64;
    const std::size_t at = given.rfind('@');
    const std::size_t place = given.find(kPlace);
    const bool good =
        at != std::string::npos && place != std::string::npos && place < at &&
        given.find(kPlace, place + 1) == std::string::npos && at - kPlace.size() + kReferenceBytes <= kLocalPartMax &&
        is_domain(std::string_view(given).substr(at + 1)) && std::all_of(given.begin(), given.end(), is_printable);
    return good ? std::nullopt
                : wrong("an address with one {ref} in a local part that leaves room for its 47 characters", given,
                        "write \"b+{ref}@bounces.example.com\"");
  });
}

Kind<std::string> feedback_id() {
  return text("identifier", [](std::string& given) -> Verdict {
    const bool good = given.size() >= 5 && given.size() <= 15 && std::all_of(given.begin(), given.end(), [](char c) {
                        return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.';
                      });
    return good ? std::nullopt
                : wrong("5 to 15 letters, digits, \"-\", \"_\" or \".\"", given, "write the name of your company");
  });
}

Kind<std::string> days() {
  return text("days", check_days);
}
Kind<std::string> hours() {
  return text("hours", check_hours);
}
Kind<std::string> zone() {
  return text("time zone", check_zone);
}

Kind<std::uint32_t> file_mode() {
  auto read = [](const Value& value, std::uint32_t& out, Complaints& complaints) {
    std::uint32_t mode = 0;
    const std::string& text = value.text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (value.kind != Value::Kind::Text || !whole || mode > 0777 || (mode & 0600) != 0600) {
      complaints.wrong_kind(value, "a file mode from \"0600\" to \"0777\" that lets the owner read and write",
                            "write \"0660\"");
      return false;
    }
    out = mode;
    return true;
  };
  return {"file mode", "\"0600\" to \"0777\"", read,
          [](const std::uint32_t& mode) { return fmt::format("\"{:04o}\"", mode); }};
}

}  // namespace penstock::config
