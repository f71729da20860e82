// SPDX-License-Identifier: Apache-2.0
// The words that stand for enumerators in the API's JSON and queries, in the order of the enumerators.
//
// Use:  word_for(PathState::Backoff) == "backoff";   find_word<PathState>("backoff") == PathState::Backoff
// Pure. api/openapi.yaml lists the same words; a test compares.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/types.h"

namespace penstock::api {

template <class E>
struct Words;
template <>
struct Words<DaemonState> {
  static constexpr std::array<std::string_view, 4> kAll{"starting", "serving", "draining", "stopping"};
};
template <>
struct Words<PathState> {
  static constexpr std::array<std::string_view, 4> kAll{"normal", "slowed", "backoff", "suspended"};
};
template <>
struct Words<QueueGroup> {
  static constexpr std::array<std::string_view, 6> kAll{"domain", "stream", "tenant", "campaign", "provider", "vmta"};
};
template <>
struct Words<RecipientState> {
  static constexpr std::array<std::string_view, 6> kAll{"ready",     "in_delivery", "deferred",
                                                        "scheduled", "held",        "done"};
};
template <>
struct Words<Act> {
  static constexpr std::array<std::string_view, 5> kAll{"hold", "release", "retry", "bounce", "reroute"};
};
template <>
struct Words<JobState> {
  static constexpr std::array<std::string_view, 5> kAll{"running", "waiting", "done", "failed", "cancelled"};
};
template <>
struct Words<WarmupState> {
  static constexpr std::array<std::string_view, 4> kAll{"warming", "closed", "paused", "warm"};
};
template <>
struct Words<DrainStep> {
  static constexpr std::array<std::string_view, 3> kAll{"begin", "end", "stop"};
};

template <class E>
[[nodiscard]] constexpr std::string_view word_for(E value) {
  return Words<E>::kAll.at(static_cast<std::size_t>(value));
}

template <class E>
[[nodiscard]] constexpr std::optional<E> find_word(std::string_view word) {
  for (std::size_t i = 0; i < Words<E>::kAll.size(); ++i) {
    if (Words<E>::kAll[i] == word) return static_cast<E>(i);
  }
  return std::nullopt;
}

// "domain, stream, tenant" for messages.
[[nodiscard]] std::string join_words(std::span<const std::string_view> words);
// The word nearest to `given` by edit distance, or "" when none is near.
[[nodiscard]] std::string_view nearest_word(std::string_view given, std::span<const std::string_view> words);

}  // namespace penstock::api
