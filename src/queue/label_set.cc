// SPDX-License-Identifier: Apache-2.0
#include "queue/label_set.h"

namespace penstock::queue {

std::size_t LabelSetTable::Hash::operator()(const LabelSet& labels) const noexcept {
  std::uint64_t hash = 0;
  for (const model::NameId id : {labels.stream, labels.tenant, labels.campaign, labels.vmta}) {
    hash = (hash ^ id.value) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 32;
  }
  hash = (hash ^ static_cast<std::uint64_t>(labels.tls)) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

LabelSetTable::LabelSetTable() {
  intern(LabelSet{});
}

LabelSetTable::~LabelSetTable() {
  for (auto& block : blocks_) delete block.load();
}

LabelSetId LabelSetTable::intern(const LabelSet& labels) {
  const std::scoped_lock lock(mutex_);
  LabelSet wanted = labels;
  for (;;) {
    if (const auto found = numbers_.find(wanted); found != numbers_.end()) return LabelSetId{found->second};
    const std::uint32_t number = count_.load(std::memory_order_relaxed);
    // The last block is kept for tuples without a campaign, and half of it for those without a tenant.
    constexpr std::uint32_t kAll = kBlocks * kBlockSets;
    const std::uint32_t room = wanted.campaign ? kAll - kBlockSets : wanted.tenant ? kAll - kBlockSets / 2 : kAll;
    if (number < room) return add(wanted, number);
    if (!wanted.campaign && !wanted.tenant) return LabelSetId{};
    (wanted.campaign ? wanted.campaign : wanted.tenant) = {};
  }
}

LabelSetId LabelSetTable::add(const LabelSet& labels, std::uint32_t number) {
  auto& slot = blocks_[number / kBlockSets];
  if (slot.load(std::memory_order_relaxed) == nullptr) slot.store(new Block, std::memory_order_release);
  (*slot.load(std::memory_order_relaxed))[number % kBlockSets] = labels;
  numbers_.emplace(labels, number);
  count_.store(number + 1, std::memory_order_release);
  return LabelSetId{number};
}

LabelSetId LabelSetTable::intern(const model::Labels& labels, model::NameTable& names, model::TlsWish tls) {
  return intern(LabelSet{.stream = names.intern(labels.stream),
                         .tenant = names.intern(labels.tenant),
                         .campaign = names.intern(labels.campaign),
                         .vmta = names.intern(labels.vmta),
                         .tls = tls});
}

const LabelSet& LabelSetTable::view(LabelSetId id) const {
  static const LabelSet kNone;
  if (id.value >= count_.load(std::memory_order_acquire)) return kNone;
  return (*blocks_[id.value / kBlockSets].load(std::memory_order_acquire))[id.value % kBlockSets];
}

}  // namespace penstock::queue
