// SPDX-License-Identifier: Apache-2.0
#include "config/syntax.h"

// The library asserts what it then checks all the same: "[[" and a line end would abort the daemon (found by fuzzing).
// With NDEBUG it would take the assertions for promises to the optimizer.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

namespace penstock::config {
namespace {

Place place_of(const toml::source_region& region, std::uint32_t file) {
  return {file, region.begin.line, region.begin.column};
}

Value convert(const toml::node& node, std::uint32_t file);

void convert_table(const toml::table& table, Value& value) {
  value.kind = Value::Kind::Table;
  for (const auto& [key, node] : table) {
    value.table.push_back({std::string(key.str()), place_of(key.source(), value.place.file), {}});
    value.table.back().value = convert(node, value.place.file);
  }
  // The library keeps its keys sorted by name.
  std::stable_sort(value.table.begin(), value.table.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
}

Value convert(const toml::node& node, std::uint32_t file) {
  Value value;
  value.place = place_of(node.source(), file);
  if (const auto* text = node.as_string()) {
    value.kind = Value::Kind::Text;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = Value::Kind::Integer;
    value.integer = integer->get();
    value.decimal = static_cast<double>(value.integer);
  } else if (const auto* decimal = node.as_floating_point()) {
    value.kind = Value::Kind::Decimal;
    value.decimal = decimal->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.kind = Value::Kind::Flag;
    value.flag = flag->get();
  } else if (const auto* list = node.as_array()) {
    value.kind = Value::Kind::List;
    for (const toml::node& element : *list) value.list.push_back(convert(element, file));
  } else if (const auto* table = node.as_table()) {
    convert_table(*table, value);
  } else {
    value.kind = Value::Kind::Time;
  }
  return value;
}

}  // namespace

std::optional<Value> parse_toml(std::string_view text, std::uint32_t file, Problems& problems) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    std::string message(error.description());
    if (message.starts_with("Error while parsing ")) message.erase(0, std::string_view("Error ").size());
    problems.error(place_of(error.source(), file), "", "not TOML: " + message);
    problems.note_incomplete();
    return std::nullopt;
  }
  Value value;
  value.place.file = file;
  convert_table(parsed.table(), value);
  return value;
}

}  // namespace penstock::config
