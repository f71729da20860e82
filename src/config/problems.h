// SPDX-License-Identifier: Apache-2.0
// Problems: gathers what is wrong with a configuration, and knows the files by number.
//
// Threads: one.   Limits: kMost problems; what comes after is dropped, and a last one says so.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/value.h"

namespace penstock::config {

class Problems {
 public:
  static constexpr std::size_t kMost = 100;

  // Returns the file's number. Files are numbered in reading order.
  std::uint32_t add_file(std::string name);
  [[nodiscard]] const std::string& file(std::uint32_t number) const { return files_[number]; }
  [[nodiscard]] std::size_t files() const { return files_.size(); }

  void error(Place place, std::string key, std::string message, std::string suggestion = {});
  void warn(Place place, std::string key, std::string message, std::string suggestion = {});
  // Some file is not even TOML, or one that was named could not be read: much may be missing.
  void note_incomplete() { complete_ = false; }
  [[nodiscard]] bool complete() const { return complete_; }
  // An error was added, a dropped one included.
  [[nodiscard]] bool any_error() const { return any_error_; }
  // By file, line and column.
  [[nodiscard]] std::vector<Problem> sorted() const;

 private:
  struct Noted {
    Place place;
    Problem problem;
  };
  void add(Place place, Problem problem);

  std::vector<std::string> files_;
  std::vector<Noted> noted_;
  std::size_t dropped_ = 0;
  bool any_error_ = false;
  bool complete_ = true;
};

// For one value: adds its key, and begins each message with its name: "max_errors must be …".
class Complaints {
 public:
  Complaints(Problems& problems, std::string key, std::string_view name)
      : problems_(problems), key_(std::move(key)), name_(name) {}
  void add(Place place, std::string_view rest, std::string suggestion = {});
  // "max_errors must be a number, not the text "x"".
  void wrong_kind(const Value& value, std::string_view expected, std::string suggestion = {});
  [[nodiscard]] Problems& problems() { return problems_; }
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  Problems& problems_;
  const std::string key_;
  const std::string name_;
};

}  // namespace penstock::config
