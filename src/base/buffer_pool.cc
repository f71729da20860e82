// SPDX-License-Identifier: Apache-2.0
#include "base/buffer_pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <utility>
#include <vector>

namespace penstock {

namespace {

// Sizes go in classes, four to each doubling.
constexpr std::size_t kLeast = 64;  // below it a string is not worth keeping

constexpr std::size_t class_of(std::size_t size) {
  const std::size_t power = std::bit_width(size) - 1;
  return 4 * power + ((size >> (power - 2)) & 3U);
}

// The least size, of `size` or more, with which a class begins.
constexpr std::size_t round_up(std::size_t size) {
  const std::size_t step = std::bit_floor(std::max(size, kLeast)) / 4;
  return (std::max(size, kLeast) + step - 1) / step * step;
}

}  // namespace

struct BufferPool::Shelf {
  static constexpr std::size_t kClasses = class_of(kLargestKept) + 1;

  mutable std::mutex mutex;
  // Each holds strings of at least the size with which it begins. The last to come is the first to go: it is in the
  // processor's cache.
  std::array<std::vector<std::string>, kClasses> classes;
  std::size_t bytes = 0;  // their capacities

  std::string take(std::size_t wanted) {
    const std::size_t room = round_up(wanted);
    const std::size_t least = class_of(room);
    std::string out;
    {
      const std::scoped_lock lock(mutex);
      for (std::size_t at = least; at < std::min(least + 4, kClasses); ++at) {
        if (classes[at].empty()) continue;
        out = std::move(classes[at].back());
        classes[at].pop_back();
        bytes -= out.capacity();
        return out;
      }
    }
    out.reserve(room);
    return out;
  }

  // By value: what is not kept is freed after the lock was let go.
  void give(std::string text) {
    const std::size_t size = text.capacity();
    if (size > kLargestKept || size < kLeast) return;  // too large, or no memory of its own
    text.clear();
    const std::scoped_lock lock(mutex);
    if (bytes + size > kKeptBytes) return;
    classes[class_of(size)].push_back(std::move(text));
    bytes += size;
  }
};

struct BufferPool::Lent {
  std::shared_ptr<Shelf> shelf;
  std::string text;

  Lent(std::shared_ptr<Shelf> from, std::size_t wanted) : shelf(std::move(from)), text(shelf->take(wanted)) {}
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { shelf->give(std::move(text)); }
};

BufferPool::BufferPool() : shelf_(std::make_shared<Shelf>()) {}

std::string BufferPool::take(std::size_t bytes) {
  return shelf_->take(bytes);
}

void BufferPool::give(std::string text) {
  shelf_->give(std::move(text));
}

std::shared_ptr<std::string> BufferPool::share(std::size_t bytes) {
  const auto lent = std::make_shared<Lent>(shelf_, bytes);
  return {lent, &lent->text};
}

std::size_t BufferPool::kept_bytes() const {
  const std::scoped_lock lock(shelf_->mutex);
  return shelf_->bytes;
}

}  // namespace penstock
