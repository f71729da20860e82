// SPDX-License-Identifier: Apache-2.0
// StaggeredMap: a hash map whose parts grow at different times.
//
// A flat table doubles, so just after a growth more than half of it is air, and the growth moves everything at once.
// Here eight tables take unequal shares of the keys, each share 2^(1/8) times the one before, so whatever the number
// of keys the tables stand evenly spread between half full and full: about 1.65 slots a key at every size, and no
// growth moves more than a sixth of the keys.
// Threads: one at a time.   Hash: 64 bits that avalanche; the tables use the high and the lowest bits, this class
// those from 8 to 15.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace penstock::spool {

template <class Key, class Value, class Hash>
class StaggeredMap {
 public:
  static constexpr std::size_t kTables = 8;

  // False when the key is there already; then nothing changes.
  bool emplace(const Key& key, Value value) { return table_of(key).emplace(key, std::move(value)).second; }
  // The value, valid until the next emplace, erase, reserve or shrink; nullptr when there is none.
  [[nodiscard]] const Value* find(const Key& key) const {
    const Table& table = tables_[part_of(key)];
    const auto found = table.find(key);
    return found == table.end() ? nullptr : &found->second;
  }
  [[nodiscard]] Value* find(const Key& key) {
    Table& table = table_of(key);
    const auto found = table.find(key);
    return found == table.end() ? nullptr : &found->second;
  }
  bool erase(const Key& key) { return table_of(key).erase(key) != 0; }

  [[nodiscard]] std::size_t size() const {
    std::size_t sum = 0;
    for (const Table& table : tables_) sum += table.size();
    return sum;
  }
  // Slots of all tables, used or not: what the map costs.
  [[nodiscard]] std::size_t slots() const {
    std::size_t sum = 0;
    for (const Table& table : tables_) sum += table.bucket_count();
    return sum;
  }
  void reserve(std::size_t keys) {
    for (std::size_t i = 0; i < kTables; ++i) tables_[i].reserve(keys * kShares[i] / kAll + 1);
  }
  // Gives back the room of keys that are gone.
  void shrink() {
    for (Table& table : tables_) table.rehash(0);
  }

 private:
  using Table = boost::unordered_flat_map<Key, Value, Hash>;

  // Of 256: 2^(i/8), rounded so that the sum is right.
  static constexpr std::size_t kAll = 256;
  static constexpr std::array<std::size_t, kTables> kShares{23, 25, 27, 30, 32, 36, 39, 44};
  static constexpr std::array<std::uint8_t, kAll> kPartOf = [] {
    std::array<std::uint8_t, kAll> parts{};
    std::size_t at = 0;
    for (std::size_t part = 0; part < kTables; ++part) {
      for (std::size_t i = 0; i < kShares[part]; ++i) parts[at++] = static_cast<std::uint8_t>(part);
    }
    return parts;
  }();

  static std::size_t part_of(const Key& key) { return kPartOf[(Hash{}(key) >> 8) & (kAll - 1)]; }
  Table& table_of(const Key& key) { return tables_[part_of(key)]; }

  std::array<Table, kTables> tables_;
};

}  // namespace penstock::spool
