// SPDX-License-Identifier: Apache-2.0
// NameTable: gives each distinct string a small number, so that a queued recipient can name its domain and labels in
// four bytes each.
//
// Use:  const NameId id = names.intern("gmail.com");  names.view(id) == "gmail.com"
// Threads: any. intern() takes a lock; view() takes none. Names are never removed, so a view lives as long as the
// table. Limits: 2^24 names, then intern() returns the last number, which views as "?": memory stays bounded whatever
// senders invent.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/ids.h"

namespace penstock::model {

// 0 is the empty name.
using NameId = StrongId<struct NameTag, std::uint32_t>;

class NameTable {
 public:
  NameTable();
  ~NameTable();
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  NameId intern(std::string_view name);
  [[nodiscard]] std::string_view view(NameId id) const;
  // The name's number if it has one, else none; never adds.
  [[nodiscard]] NameId find(std::string_view name) const;
  [[nodiscard]] std::uint32_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t kBlockNames = 4096;
  static constexpr std::uint32_t kBlocks = 4096;
  using Block = std::array<std::string_view, kBlockNames>;

  // Written under mutex_, read by any thread once count_ covers the name.
  std::array<std::atomic<Block*>, kBlocks> blocks_{};
  std::atomic<std::uint32_t> count_{0};
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  boost::unordered_flat_map<std::string_view, std::uint32_t> numbers_;
  struct Arena;
  std::unique_ptr<Arena> arena_;
};

}  // namespace penstock::model
