// SPDX-License-Identifier: Apache-2.0
// Little-endian numbers and length-prefixed strings, as all of the spool's payloads use them.
//
// Use:  ByteWriter w(buffer); w.u32(5); w.text("x");      ByteReader r(bytes); auto n = r.u32(); if (!r.whole()) …
// A reader never goes beyond its bytes: it gives zeros and turns failed() instead. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::spool {

template <std::integral T>
[[nodiscard]] constexpr T load_le(const char* from) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<std::make_unsigned_t<T>>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return static_cast<T>(value);
}
template <std::integral T>
constexpr void store_le(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * i));
  }
}

// Appends to a string the caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& to) : to_(to) {}
  void u8(std::uint8_t value) { to_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void time(Time value) { number(static_cast<std::int64_t>(value.time_since_epoch().count())); }
  void text(std::string_view value) {
    u32(static_cast<std::uint32_t>(value.size()));
    to_.append(value);
  }

 private:
  template <std::integral T>
  void number(T value) {
    char bytes[sizeof(T)];
    store_le(bytes, value);
    to_.append(bytes, sizeof(T));
  }
  std::string& to_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  Time time() { return Time{Duration{number<std::int64_t>()}}; }
  // Views the reader's bytes.
  std::string_view text() {
    const std::uint32_t length = u32();
    if (length > left_.size()) {
      fail();
      return {};
    }
    const std::string_view value = left_.substr(0, length);
    left_.remove_prefix(length);
    return value;
  }
  [[nodiscard]] std::size_t left() const { return left_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  // Everything was there and nothing is left over.
  [[nodiscard]] bool whole() const { return !failed_ && left_.empty(); }

 private:
  template <std::integral T>
  T number() {
    if (left_.size() < sizeof(T)) {
      fail();
      return 0;
    }
    const T value = load_le<T>(left_.data());
    left_.remove_prefix(sizeof(T));
    return value;
  }
  void fail() {
    failed_ = true;
    left_ = {};
  }
  std::string_view left_;
  bool failed_ = false;
};

}  // namespace penstock::spool
