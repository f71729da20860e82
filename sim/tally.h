// SPDX-License-Identifier: Apache-2.0
// Tally: what has arrived at the receivers, and what was refused, counted so that tests can compare.
//
// Use:  tally.arrived(shard, receiver, arrival);   …   const Counts counts = tally.counts();
//
// Whether a recipient's message came twice is told by a set of 64-bit hashes of (X-Sim-Id, recipient): about 12 bytes
// each. Two different ones are taken for the same with a chance of 3 in a million for 10 million of them.
// Threads: any; a part per shard keeps them out of each other's way.
// Limits: kNamesMax different names per count (domains, sources, EHLO names), kTextsMax reply texts per step; what
// comes above is counted under "other".
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "sim/behaviour.h"
#include "sim/receiver_session.h"

namespace penstock::sim {

// Looks up std::string keys by string_view.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};

// How often each name was counted.
class NamedCounts {
 public:
  explicit NamedCounts(std::size_t names_max) : names_max_(names_max) {}
  void add(std::string_view name, std::uint64_t by = 1);
  void add_to(std::map<std::string, std::uint64_t>& sum) const;
  void clear() { counts_.clear(); }

 private:
  std::size_t names_max_;
  std::unordered_map<std::string, std::uint64_t, NameHash, std::equal_to<>> counts_;
};

// Which receivers a domain's mail belongs to.
class Directory {
 public:
  void add(const std::string& domain, std::uint32_t receiver);
  // True if the domain names this receiver, or no domain does.
  [[nodiscard]] bool expects(std::string_view domain, std::uint32_t receiver) const;

 private:
  std::unordered_map<std::string, std::vector<std::uint32_t>, NameHash, std::equal_to<>> receivers_of_;
  std::vector<bool> named_;  // by receiver
};

// The sum over all shards at one moment. docs/simulator.md says what each means.
struct Counts {
  std::uint64_t received = 0;  // recipients
  std::uint64_t unique = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t duplicates_unread = 0;  // of these: the client went without reading the answer to the first
  std::uint64_t unexpected = 0;
  std::uint64_t without_id = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t connections = 0;
  std::uint64_t open_connections = 0;
  std::array<std::uint64_t, kViolationNames.size()> violations{};
  std::array<std::uint64_t, kSteps.size()> cut{};
  std::array<std::map<std::string, std::uint64_t>, kSteps.size()> refused;
  std::map<std::string, std::uint64_t> by_domain;
  std::map<std::string, std::uint64_t> by_receiver;
  std::map<std::string, std::uint64_t> by_source;
  std::map<std::string, std::uint64_t> by_ehlo;
  std::map<std::string, std::uint64_t> dns_queries;
};

// Remembers 64-bit hashes. Open addressing, no deletion.
class HashSet {
 public:
  // False if it was there already.
  bool insert(std::uint64_t hash);
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear();

 private:
  void grow();
  std::vector<std::uint64_t> slots_;  // 0: free
  std::size_t size_ = 0;
};

class Tally {
 public:
  static constexpr std::size_t kNamesMax = 100'000;
  static constexpr std::size_t kTextsMax = 200;

  // `receivers` are the receivers' names, by number.
  Tally(std::size_t shard_count, std::vector<std::string> receivers, Directory directory);
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  // From now on a line per accepted recipient goes to this file, which is begun anew.
  Result<> keep_list(const std::string& path);
  // Brings what is still in memory into that file.
  Result<> flush_list();

  // Puts a mark for each recipient behind `marks`, for unread(); none for messages without an X-Sim-Id.
  void arrived(std::size_t shard, std::uint32_t receiver, const Arrival& arrival,
               std::vector<std::uint64_t>* marks = nullptr);
  // The client of these was gone before it had read that they were accepted: they will come again, and rightly.
  void unread(const std::vector<std::uint64_t>& marks);
  void refused(std::size_t shard, Step step, std::string_view reply);
  void cut(std::size_t shard, Step step);
  void violated(std::size_t shard, Violation violation);
  void connected(std::size_t shard);
  void disconnected(std::size_t shard);
  void dns_query(std::string_view type);

  [[nodiscard]] Counts counts() const;
  // Recipients received so far; cheap.
  [[nodiscard]] std::uint64_t received() const;
  // Everything to zero but the connections that are open; what was seen is forgotten, the list is begun anew.
  Result<> reset();

 private:
  struct Part;
  struct Stripe {
    std::mutex mutex;
    HashSet seen;                                   // guarded by mutex
    std::unordered_multiset<std::uint64_t> unread;  // guarded by mutex
  };
  enum class Seen : std::uint8_t { First, Again, AgainUnread };
  Seen see(std::uint64_t hash);
  Result<> write_out(Part& part);

  const std::vector<std::string> receivers_;
  const Directory directory_;
  std::vector<std::unique_ptr<Part>> parts_;  // by shard
  std::array<Stripe, 64> stripes_;
  int list_ = -1;  // set before the shards run
};

}  // namespace penstock::sim
