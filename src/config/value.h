// SPDX-License-Identifier: Apache-2.0
// Value: a TOML document as plain values with their places, so that only one file knows the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::config {

// Of a key or a value in one of the files being read.
struct Place {
  std::uint32_t file = 0;              // index, see Problems
  std::uint32_t line = 0, column = 0;  // from 1; 0: the file as a whole
};

struct Entry;

struct Value {
  enum class Kind : std::uint8_t { Text, Integer, Decimal, Flag, List, Table, Time };
  Kind kind = Kind::Table;
  std::string text;  // Text
  std::int64_t integer = 0;
  double decimal = 0;  // Decimal, and Integer as well
  bool flag = false;
  std::vector<Value> list;
  std::vector<Entry> table;  // in the file's order
  Place place;

  [[nodiscard]] bool is_number() const { return kind == Kind::Integer || kind == Kind::Decimal; }
  // nullptr when this is no table or has no such key.
  [[nodiscard]] const Value* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Place place;
  Value value;
};

// "a number", "the text \"x\"": for complaints.
[[nodiscard]] std::string describe(const Value& value);

}  // namespace penstock::config
