// SPDX-License-Identifier: Apache-2.0
// LineBuffer: bytes that grow at the end without being cleared first, and keep their memory when emptied.
//
// Use:  char* at = buffer.reserve(n);  …write at most n…;  buffer.set_end(at);      Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace penstock::eventlog {

class LineBuffer {
 public:
  static constexpr std::size_t kSettledBytes = 256U << 10;

  // Room for `bytes` more; valid until the next call.
  [[nodiscard]] char* reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]] {
      grow(bytes);
    }
    return data_.get() + size_;
  }
  void set_end(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append(std::string_view text) {
    char* at = reserve(text.size());
    std::memcpy(at, text.data(), text.size());
    set_end(at + text.size());
  }
  void truncate(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }
  // Empties it. Memory that a burst needed and that is hardly used any more is given back.
  void settle() {
    if (capacity_ > kSettledBytes && size_ < capacity_ / 8) {
      data_.reset();
      capacity_ = 0;
    }
    size_ = 0;
  }
  // Gives memory back when there is more than `bytes` of it. Precondition: empty.
  void shrink(std::size_t bytes) {
    if (capacity_ <= bytes) return;
    data_.reset();
    capacity_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }
  void swap(LineBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(std::size_t bytes) {
    const std::size_t capacity = std::max({capacity_ * 2, size_ + bytes, std::size_t{64} << 10});
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace penstock::eventlog
