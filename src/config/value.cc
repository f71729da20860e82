// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace penstock::config {

const Value* Value::find(std::string_view key) const {
  const auto entry = std::find_if(table.begin(), table.end(), [&](const Entry& e) { return e.key == key; });
  return entry == table.end() ? nullptr : &entry->value;
}

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Text: return fmt::format("the text \"{}\"", value.text.substr(0, 60));
    case Value::Kind::Integer: return fmt::format("the number {}", value.integer);
    case Value::Kind::Decimal: return fmt::format("the number {}", value.decimal);
    case Value::Kind::Flag: return value.flag ? "true" : "false";
    case Value::Kind::List: return "a list";
    case Value::Kind::Table: return "a table";
    case Value::Kind::Time: return "a date or time";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::config
