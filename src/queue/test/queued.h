// SPDX-License-Identifier: Apache-2.0
// What the tests of this module share: descriptors that can be told apart, and scans from start to end.
#pragma once

#include <cstdint>
#include <vector>

#include "queue/chunk_list.h"

namespace penstock::queue {

// 2027-01-15 08:00:00 UTC
inline constexpr Second kStart = 1'800'000'000;

// The n-th recipient: a message of its own.
inline QueuedRecipient numbered(std::uint64_t n, Second due = kStart) {
  return {.message = model::MessageId{n}, .due = due, .received = kStart};
}

inline QueuedRecipient labelled(std::uint64_t n, LabelSetId labels, std::uint32_t body_kib = 10) {
  return {.message = model::MessageId{n}, .labels = labels, .due = kStart, .received = kStart, .body_kib = body_kib};
}

inline std::vector<std::uint64_t> numbers(const std::vector<QueuedRecipient>& recipients) {
  std::vector<std::uint64_t> all;
  for (const QueuedRecipient& recipient : recipients) all.push_back(recipient.message.value);
  return all;
}

// What a whole scan of any queue shows, in slices of `max`.
template <class Queue>
std::vector<std::uint64_t> scan_all(Queue& queue, std::size_t max = 1000) {
  std::vector<std::uint64_t> seen;
  typename Queue::Cursor cursor;
  while (!cursor.done()) {
    queue.scan(cursor, max, [&](const QueuedRecipient& recipient) {
      seen.push_back(recipient.message.value);
      return Visit::Keep;
    });
  }
  return seen;
}

}  // namespace penstock::queue
