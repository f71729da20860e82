// SPDX-License-Identifier: Apache-2.0
// Reads tables by their Section, complains about unknown and missing keys, and remembers where each key stood.
//
// Threads: one.
#pragma once

#include <map>
#include <string>

#include "config/problems.h"
#include "config/schema.h"

namespace penstock::config {

// Where each key that was given stood: "node.name", "stream#0.retry.expire" (entries of lists by number).
struct Spot {
  Place place;
  bool good = true;  // false: the value was complained about, and what is in the object is its default
};
using Places = std::map<std::string, Spot, std::less<>>;

// One table and what it is called.
struct TableAt {
  const Value& table;
  std::string path;   // in Places: "stream#0"
  std::string shown;  // in problems: "stream.default"
};

// Into `object`, whose type is the section's. A key that `places` has already was given in another file: an error.
void read_table(const Section& section, void* object, const TableAt& at, Problems& problems, Places& places);

// The object as an inline table.
[[nodiscard]] std::string write_table(const Section& section, const void* object);

// A list of inline tables.
template <class T>
Kind<std::vector<T>> tables_of(const Section& section, std::string words, std::size_t most) {
  auto read = [&section](const Value& value, T& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Table) {
      complaints.wrong_kind(value, "a list of tables");
      return false;
    }
    Places places;
    Problems& problems = complaints.problems();
    read_table(section, &out, {value, "", complaints.key()}, problems, places);
    return true;  // complaints were made there
  };
  auto write = [&section](const T& value) { return write_table(section, &value); };
  return list_of(Kind<T>{words, "", read, write}, words, most);
}

// The tables of one document into `config`.
void read_document(const Value& document, Config& config, Problems& problems, Places& places);

}  // namespace penstock::config
