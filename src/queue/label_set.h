// SPDX-License-Identifier: Apache-2.0
// LabelSetTable: gives each distinct (stream, tenant, campaign, requested vMTA, TLS wish) tuple a small number.
//
// Threads: any. intern() takes a lock; view() takes none. Tuples are never removed, so a reference lives as long as the
// table. Limits: 2^22 tuples; then intern() drops the campaign, then the tenant, and keeps what it can: the stream and
// the vMTA decide how mail is sent, and there are few of them.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "model/envelope.h"
#include "model/name_table.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

struct LabelSet {
  model::NameId stream{};
  model::NameId tenant{};
  model::NameId campaign{};
  model::NameId vmta{};  // asked for by the sender; 0: none
  model::TlsWish tls = model::TlsWish::Usual;
  bool operator==(const LabelSet&) const = default;
};

class LabelSetTable {
 public:
  LabelSetTable();
  ~LabelSetTable();
  LabelSetTable(const LabelSetTable&) = delete;
  LabelSetTable& operator=(const LabelSetTable&) = delete;

  LabelSetId intern(const LabelSet& labels);
  LabelSetId intern(const model::Labels& labels, model::NameTable& names, model::TlsWish tls = model::TlsWish::Usual);
  // An unknown number gives the empty tuple.
  [[nodiscard]] const LabelSet& view(LabelSetId id) const;
  [[nodiscard]] std::uint32_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t kBlockSets = 1024;
  static constexpr std::uint32_t kBlocks = 4096;
  using Block = std::array<LabelSet, kBlockSets>;
  struct Hash {
    std::size_t operator()(const LabelSet& labels) const noexcept;
  };

  LabelSetId add(const LabelSet& labels, std::uint32_t number);

  // Written under mutex_, read by any thread once count_ covers the tuple.
  std::array<std::atomic<Block*>, kBlocks> blocks_{};
  std::atomic<std::uint32_t> count_{0};
  // Guarded by mutex_.
  std::mutex mutex_;
  boost::unordered_flat_map<LabelSet, std::uint32_t, Hash> numbers_;
};

}  // namespace penstock::queue
