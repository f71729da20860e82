// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock {
namespace {

// "-5", "+3.25"
bool is_signed_number(std::string_view text) {
  text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), ascii::is_digit);
  };
  return digits(text.substr(0, point)) && (point == text.size() || digits(text.substr(point + 1)));
}

// Apostrophes before it count: one of the author's must not be taken for ours.
bool is_formula(std::string_view value) {
  value.remove_prefix(std::min(value.find_first_not_of('\''), value.size()));
  if (value.empty()) return false;
  switch (value.front()) {
    case '=':
    case '@':
    case '\t':
    case '\r':
    case '\n': return true;
    case '+':
    case '-': return !is_signed_number(value);
    default: return false;
  }
}

}  // namespace

void append_csv_field(std::string_view value, std::string& out) {
  const bool guarded = is_formula(value);
  if (!guarded && value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += value;
    return;
  }
  out += guarded ? "\"'" : "\"";
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string_view csv_value(std::string_view field) {
  if (field.starts_with('\'') && is_formula(field.substr(1))) field.remove_prefix(1);
  return field;
}

}  // namespace penstock
