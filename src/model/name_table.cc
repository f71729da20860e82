// SPDX-License-Identifier: Apache-2.0
#include "model/name_table.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace penstock::model {

// Bytes of all names, in blocks that never move.
struct NameTable::Arena {
  static constexpr std::size_t kBytes = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> blocks;
  std::size_t free_bytes = 0;
  char* next = nullptr;

  std::string_view keep(std::string_view name) {
    if (name.empty()) return {};
    if (name.size() > free_bytes) {
      const std::size_t bytes = std::max(kBytes, name.size());
      blocks.push_back(std::make_unique<char[]>(bytes));
      next = blocks.back().get();
      free_bytes = bytes;
    }
    std::memcpy(next, name.data(), name.size());
    const std::string_view kept(next, name.size());
    next += name.size();
    free_bytes -= name.size();
    return kept;
  }
};

NameTable::NameTable() : arena_(std::make_unique<Arena>()) {
  intern("");
}

NameTable::~NameTable() {
  for (auto& block : blocks_) delete block.load();
}

NameId NameTable::intern(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = numbers_.find(name); found != numbers_.end()) return NameId{found->second};
  const std::uint32_t number = count_.load(std::memory_order_relaxed);
  constexpr std::uint32_t kLast = kBlockNames * kBlocks - 1;
  if (number > kLast) return NameId{kLast};
  auto& slot = blocks_[number / kBlockNames];
  if (slot.load(std::memory_order_relaxed) == nullptr) slot.store(new Block, std::memory_order_release);
  const std::string_view kept = arena_->keep(number == kLast ? "?" : name);
  (*slot.load(std::memory_order_relaxed))[number % kBlockNames] = kept;
  if (number != kLast) numbers_.emplace(kept, number);
  count_.store(number + 1, std::memory_order_release);
  return NameId{number};
}

std::string_view NameTable::view(NameId id) const {
  if (id.value >= count_.load(std::memory_order_acquire)) return "?";
  return (*blocks_[id.value / kBlockNames].load(std::memory_order_acquire))[id.value % kBlockNames];
}

NameId NameTable::find(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? NameId{} : NameId{found->second};
}

}  // namespace penstock::model
