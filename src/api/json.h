// SPDX-License-Identifier: Apache-2.0
// The values of types.h as JSON, as api/openapi.yaml describes them. One function per type, found by overloading.
//
// Empty strings, times of the epoch and numbers that do not apply are left out; counts are always there. Times are RFC
// 3339 in UTC; durations are seconds.   Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "api/types.h"

namespace penstock::api {

// Adds a member, unless the text is empty or the time is that of the epoch.
void add(boost::json::object& object, std::string_view key, std::string_view text);
void add(boost::json::object& object, std::string_view key, Time time);

[[nodiscard]] boost::json::object to_json(const Selection& selection);
[[nodiscard]] boost::json::object to_json(const QueueCounts& counts);
[[nodiscard]] boost::json::object to_json(const Status& status);
[[nodiscard]] boost::json::object to_json(const PathRow& row);
[[nodiscard]] boost::json::object to_json(const PathValue& value);
[[nodiscard]] boost::json::object to_json(const PathScope& scope);
[[nodiscard]] boost::json::object to_json(const PathExplanation& explanation);
[[nodiscard]] boost::json::object to_json(const QueueRow& row);
[[nodiscard]] boost::json::object to_json(const QueueList& list);
[[nodiscard]] boost::json::object to_json(const AgeList& list);
[[nodiscard]] boost::json::object to_json(const RecipientRow& row);
[[nodiscard]] boost::json::object to_json(const RecipientList& list);
[[nodiscard]] boost::json::object to_json(const MessageDetail& message);
[[nodiscard]] boost::json::object to_json(const Pause& pause);
[[nodiscard]] boost::json::object to_json(const Job& job);
[[nodiscard]] boost::json::object to_json(const ConfigProblem& problem);
[[nodiscard]] boost::json::object to_json(const ConfigCheck& check);
[[nodiscard]] boost::json::object to_json(const ReloadReport& report);
[[nodiscard]] boost::json::object to_json(const SettingRow& row);
[[nodiscard]] boost::json::object to_json(const WarmupRow& row);

template <class T>
[[nodiscard]] boost::json::array to_json_array(const std::vector<T>& rows) {
  boost::json::array array;
  array.reserve(rows.size());
  for (const T& row : rows) array.emplace_back(to_json(row));
  return array;
}

}  // namespace penstock::api
