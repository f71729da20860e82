// SPDX-License-Identifier: Apache-2.0
// Kind<T>: how a value of one kind is written in the file: reading with bounds, writing, and words for the manual.
//
// Use:  const Kind<std::uint32_t> kind = number(1, 50'000);   kind.read(value, config.max_recipients, complaints);
// read() returns whether all was well, and complains otherwise; the target then keeps its value, or what was good of
// a list. write() gives what read() accepts, or "" for a value that is not set.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip_network.h"
#include "base/units.h"
#include "config/config.h"
#include "config/problems.h"
#include "config/value.h"

namespace penstock::config {

// For bounds of sizes.
inline constexpr std::uint64_t kKiB = 1ULL << 10;
inline constexpr std::uint64_t kMiB = 1ULL << 20;
inline constexpr std::uint64_t kGiB = 1ULL << 30;
inline constexpr std::uint64_t kTiB = 1ULL << 40;

template <class T>
struct Kind {
  std::string words;   // "number", "list of networks"
  std::string bounds;  // "1 to 50,000"; may be empty
  std::function<bool(const Value&, T&, Complaints&)> read;
  std::function<std::string(const T&)> write;
};

[[nodiscard]] Kind<std::uint32_t> number(std::uint32_t least, std::uint32_t most);
// 0 is written as nothing and means "not set".
[[nodiscard]] Kind<std::uint32_t> number_or_unset(std::uint32_t least, std::uint32_t most);
[[nodiscard]] Kind<double> decimal(double least, double most);
[[nodiscard]] Kind<std::uint64_t> size(std::uint64_t least, std::uint64_t most);
// "64 MiB" for "64 MiB/s".
[[nodiscard]] Kind<std::uint64_t> size_per_second(std::uint64_t least, std::uint64_t most);
// For line lengths.
[[nodiscard]] Kind<std::uint32_t> small_size(std::uint32_t least, std::uint32_t most);
[[nodiscard]] Kind<Duration> span(Duration least, Duration most);
// "off" for none.
[[nodiscard]] Kind<Duration> span_or_off(Duration least, Duration most);
// "10/s"; a Rate with count 0 is written as nothing.
[[nodiscard]] Kind<Rate> rate();
// "5 MiB/s": bytes in a span.
[[nodiscard]] Kind<Rate> byte_rate();
[[nodiscard]] Kind<bool> flag();

// What is wrong with a text: "must be …", and what to write instead; nothing when it is good. May rewrite the text.
struct Wrong {
  std::string rest, suggestion;
};
using TextRule = std::function<std::optional<Wrong>(std::string&)>;
[[nodiscard]] Kind<std::string> text(std::string words, TextRule rule);

[[nodiscard]] std::string quote(std::string_view text);        // as a TOML basic string
[[nodiscard]] std::string group_digits(std::uint64_t number);  // "50,000"
[[nodiscard]] std::string write_decimal(double number);        // "0.25", "2"
[[nodiscard]] std::string write_list(std::vector<std::string> elements);

// One of a few words.
template <class Word>
Kind<Word> word(std::vector<std::pair<std::string, Word>> words) {
  std::string bounds;
  for (const auto& [name, value] : words) bounds += (bounds.empty() ? "" : ", ") + quote(name);
  auto read = [words, bounds](const Value& value, Word& out, Complaints& complaints) {
    for (const auto& [name, meant] : words) {
      if (value.kind != Value::Kind::Text || value.text != name) continue;
      out = meant;
      return true;
    }
    complaints.wrong_kind(value, "one of " + bounds);
    return false;
  };
  auto write = [words](const Word& value) {
    for (const auto& [name, meant] : words) {
      if (meant == value) return quote(name);
    }
    return std::string();
  };
  return {"word", bounds, read, write};
}

enum class Single : std::uint8_t { Refused, Accepted };

// Up to `most` values; with Single::Accepted one value may stand without brackets.
template <class T>
Kind<std::vector<T>> list_of(Kind<T> kind, std::string words, std::size_t most, Single single = Single::Refused) {
  auto read = [kind, words, most, single](const Value& value, std::vector<T>& out, Complaints& complaints) {
    const bool alone = single == Single::Accepted && value.kind == Value::Kind::Text;
    if (value.kind != Value::Kind::List && !alone) {
      complaints.wrong_kind(value, "a " + words, "put it in brackets: [ … ]");
      return false;
    }
    if (value.list.size() > most) {
      complaints.add(value.place, "has more than " + group_digits(most) + " entries");
      return false;
    }
    out.clear();
    bool good = true;
    const auto take = [&](const Value& element) {
      T one{};
      const bool fine = kind.read(element, one, complaints);
      if (fine) out.push_back(std::move(one));
      good = good && fine;
    };
    if (alone) take(value);
    for (const Value& element : value.list) take(element);
    return good;
  };
  auto write = [kind](const std::vector<T>& values) {
    std::vector<std::string> elements;
    elements.reserve(values.size());
    for (const T& value : values) elements.push_back(kind.write(value));
    return values.empty() ? std::string() : write_list(std::move(elements));
  };
  const std::string bounds = "up to " + group_digits(most) + (single == Single::Accepted ? ", or one alone" : "");
  return {words, bounds, read, write};
}

template <class T>
Kind<std::optional<T>> optional_of(Kind<T> kind) {
  auto read = [kind](const Value& value, std::optional<T>& out, Complaints& complaints) {
    T one{};
    if (!kind.read(value, one, complaints)) return false;
    out = std::move(one);
    return true;
  };
  auto write = [kind](const std::optional<T>& value) { return value ? kind.write(*value) : std::string(); };
  return {kind.words, kind.bounds, read, write};
}

}  // namespace penstock::config
