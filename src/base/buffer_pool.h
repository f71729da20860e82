// SPDX-License-Identifier: Apache-2.0
// BufferPool keeps strings that have grown to the size of a message, so that the next message finds room. Without it
// such strings are made and freed for each message, on several threads, and their pages go back to the kernel and are
// faulted in again every time.
//
// Use:  BufferPool pool;
//       std::string text = pool.take(10'000);   text.append(…);   pool.give(std::move(text));
//       auto shared = pool.share(10'000);       // the same; goes back when its last owner lets go
// Threads: any. A shared string may outlive the pool.
// Limits: no string is lent that has more than about twice the room asked for; keeps at most kKeptBytes in all, and no
// string of more than kLargestKept; the others are freed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace penstock {

class BufferPool {
 public:
  static constexpr std::size_t kKeptBytes = 4U << 20U;
  static constexpr std::size_t kLargestKept = 256U << 10U;

  BufferPool();

  // Empty, with room for `bytes` at least.
  [[nodiscard]] std::string take(std::size_t bytes);
  void give(std::string text);
  [[nodiscard]] std::shared_ptr<std::string> share(std::size_t bytes);
  [[nodiscard]] std::size_t kept_bytes() const;

 private:
  struct Shelf;
  struct Lent;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace penstock
