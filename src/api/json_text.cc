// SPDX-License-Identifier: Apache-2.0
#include "api/json_text.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>

namespace penstock::api {
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

}  // namespace

std::string to_text(const json::value& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace penstock::api
