// SPDX-License-Identifier: Apache-2.0
// Fields: reads one TOML table key by key, remembers what was asked for, and complains about the rest.
//
// Use:  Fields fields(table, problems, "[[receiver]]");
//       fields.text("name", spec.name);   fields.duration("latency", spec.latency);   fields.finish();
// A key that is absent leaves the target as it is. Every complaint carries file and line.
//
// Ownership: `table` and `problems` must outlive the Fields.   Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "sim/toml_library.h"

namespace penstock::sim {

// What is wrong with a file; `file:line: text`, in the order found.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  void add(const toml::source_region& where, std::string_view text);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  // At most twenty lines.
  [[nodiscard]] std::string to_string() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

class Fields {
 public:
  Fields(const toml::table& table, Problems& problems, std::string where)
      : table_(table), problems_(problems), where_(std::move(where)) {}

  // Each returns true if the key is there and good.
  bool text(std::string_view key, std::string& out);
  bool number(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
  bool share(std::string_view key, double& out);  // 0 to 1
  bool flag(std::string_view key, bool& out);
  bool duration(std::string_view key, Duration& out);
  bool size(std::string_view key, std::uint64_t& out);
  bool rate(std::string_view key, Rate& out);
  // A list of texts, or a single text.
  bool texts(std::string_view key, std::vector<std::string>& out);
  // Tables of `[[key]]`; empty when absent.
  std::vector<const toml::table*> tables(std::string_view key);
  // The table of `[key]`; nullptr when absent.
  const toml::table* table(std::string_view key);
  // Marks the key as known and hands it over raw.
  const toml::node* take(std::string_view key);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  // Complains about `key` (or about the table, if the key is absent).
  void bad(std::string_view key, std::string_view why);
  // Complains about keys nobody asked for.
  void finish();

 private:
  const toml::table& table_;
  Problems& problems_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace penstock::sim
