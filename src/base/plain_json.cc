// SPDX-License-Identifier: Apache-2.0
#include "base/plain_json.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/characters.h"

namespace penstock {
namespace {

namespace json = boost::json;

std::string plain(double number) {
  if (!std::isfinite(number)) return "null";
  std::string text = fmt::format("{}", number);
  if (text.find('e') == std::string::npos) return text;
  // Very large or very small.
  text = fmt::format("{:.15f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as what the API itself has built
void append(std::string& to, const json::value& value) {
  if (const auto* number = value.if_double()) {
    to += plain(*number);
  } else if (const auto* object = value.if_object()) {
    to += '{';
    for (const auto& [key, member] : *object) {
      if (to.back() != '{') to += ',';
      to += json::serialize(json::string_view(key));
      to += ':';
      append(to, member);
    }
    to += '}';
  } else if (const auto* array = value.if_array()) {
    to += '[';
    for (const json::value& item : *array) {
      if (&item != array->begin()) to += ',';
      append(to, item);
    }
    to += ']';
  } else {
    to += json::serialize(value);
  }
}

// In JSON these stand inside of strings only. Boost escapes what is below 0x20 and leaves the others, which terminals
// and readers of lines obey as well.
std::string without_steering(std::string text) {
  if (is_harmless(text)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const Character next = first_character(rest);
    out += next.steers ? fmt::format("\\u{:04x}", next.code) : std::string(rest.substr(0, next.bytes));
    rest.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace

std::string plain_json(const json::value& value) {
  std::string text;
  append(text, value);
  return without_steering(std::move(text));
}

}  // namespace penstock
