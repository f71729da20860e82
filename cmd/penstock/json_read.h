// SPDX-License-Identifier: Apache-2.0
// Reads members of the API's answers; an absent member, or one of another kind, gives "", 0, or something empty, so
// that an older daemon's answers can be shown too.   Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::cli {

[[nodiscard]] inline const boost::json::value* find(const boost::json::object& object, std::string_view key) {
  return object.if_contains({key.data(), key.size()});
}
[[nodiscard]] inline std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
[[nodiscard]] inline double number_of(const boost::json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.as_int64());
  if (value.is_uint64()) return static_cast<double>(value.as_uint64());
  return value.is_double() ? value.as_double() : 0;
}
[[nodiscard]] inline double number_of(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr ? number_of(*value) : 0;
}
[[nodiscard]] inline std::uint64_t count_of(const boost::json::value& value) {
  if (value.is_int64()) return value.as_int64() < 0 ? 0 : static_cast<std::uint64_t>(value.as_int64());
  return value.is_uint64() ? value.as_uint64() : 0;
}
[[nodiscard]] inline std::uint64_t count_of(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr ? count_of(*value) : 0;
}
[[nodiscard]] inline bool flag_of(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_bool() && value->as_bool();
}
[[nodiscard]] inline boost::json::object child(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_object() ? value->as_object() : boost::json::object();
}
[[nodiscard]] inline boost::json::array list_of(const boost::json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_array() ? value->as_array() : boost::json::array();
}

}  // namespace penstock::cli
