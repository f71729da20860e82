// SPDX-License-Identifier: Apache-2.0
#include "config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace penstock::config {

std::uint32_t Problems::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Problems::error(Place place, std::string key, std::string message, std::string suggestion) {
  any_error_ = true;
  add(place, {"", place.line, place.column, std::move(key), std::move(message), std::move(suggestion), true});
}

void Problems::warn(Place place, std::string key, std::string message, std::string suggestion) {
  add(place, {"", place.line, place.column, std::move(key), std::move(message), std::move(suggestion), false});
}

void Problems::add(Place place, Problem problem) {
  if (noted_.size() == kMost) {
    ++dropped_;
    return;
  }
  problem.file = file(place.file);
  noted_.push_back({place, std::move(problem)});
}

std::vector<Problem> Problems::sorted() const {
  std::vector<Noted> noted = noted_;
  std::stable_sort(noted.begin(), noted.end(), [](const Noted& a, const Noted& b) {
    return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
  });
  std::vector<Problem> problems;
  for (Noted& one : noted) problems.push_back(std::move(one.problem));
  if (dropped_ > 0) {
    problems.push_back({file(0), 0, 0, "", fmt::format("{} more problems are not shown", dropped_), "", any_error_});
  }
  return problems;
}

void Complaints::add(Place place, std::string_view rest, std::string suggestion) {
  problems_.error(place, key_, fmt::format("{} {}", name_, rest), std::move(suggestion));
}

void Complaints::wrong_kind(const Value& value, std::string_view expected, std::string suggestion) {
  add(value.place, fmt::format("must be {}, not {}", expected, describe(value)), std::move(suggestion));
}

}  // namespace penstock::config
