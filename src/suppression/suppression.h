// SPDX-License-Identifier: Apache-2.0
// Suppression: the list of addresses that must not be mailed. Door of the module.
//
// Use:  auto list = Suppression::open({writer, clock, metrics}, settings);
//       const auto hit = (*list)->check(address, {.tenant = "acme", .stream = "news"});
//       if (!hit) defer: nobody knows.   else if (*hit) suppressed, see **hit;   else go on.
//       (*list)->add({entry}, Overwrite::Weaker, [](const Result<Added>& added) { … durable now … });
// Kept in state.db, with a Bloom filter over all addresses and domains in memory (16 bits each).
// Threads: any, for everything. check() answers "no" from the filter alone: no lock, no disk, no allocation. "Yes", and
//   one false alarm in some 500, reads SQLite on a connection of its own: mapped pages, two look-ups by hash, waiting
//   for nobody. A page that is not in memory costs one read of the disk; there are at most about eight.
// Visibility: once add() is done its entries are on disk (group commit) and every later check() sees them.
// Errors: state::Errc from the store; BadAddress and BadScope where text comes in. Nothing is kept of a failed add().
// Limits: add() takes kAddMax entries at a time; larger lists go through importing (importer.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/metrics.h"
#include "state/writer.h"
#include "suppression/address.h"
#include "suppression/entry.h"
#include "suppression/filter.h"

namespace penstock::suppression {

// Of whom a check asks. Empty: no such label; then entries of that scope do not count.
struct Where {
  std::string_view tenant = {}, stream = {}, list = {};
};

enum class Overwrite : std::uint8_t {
  Weaker,  // what is there stays when it lasts as long: for what programs learn
  Always   // the new one counts: for what people say
};

struct Added {
  std::uint64_t added = 0, changed = 0, unchanged = 0;
};

// One entry of the list, or a mark where one was removed.
struct Row {
  std::uint64_t seq = 0;  // its place in the change feed; grows with every change
  bool removed = false;   // then `who`, `note` and `since` of the entry are those of the removal
  Entry entry;
};
struct Rows {
  std::vector<Row> rows;
  std::uint64_t cursor = 0;  // where the next read begins
  bool more = false;
};
struct ListQuery {
  std::uint64_t cursor = 0;  // from Rows; 0: the beginning
  std::uint32_t limit = 100;
  std::string domain;          // of the address, or the domain entry itself; empty: all
  std::optional<Scope> scope;  // none: all
  std::optional<Cause> cause;
  bool review = false;  // only those to be investigated
};

class Suppression {
 public:
  static constexpr std::size_t kAddMax = 10'000;
  using AddDone = std::function<void(const Result<Added>&)>;

  struct Services {
    state::Writer& writer;
    const Clock& clock;
    metrics::Registry& metrics;
    std::uint64_t least_capacity = 1ULL << 20;  // of the filter; it grows by itself
  };

  // Makes the tables and reads all hashes: about 0.2 s a million entries.
  [[nodiscard]] static Result<std::unique_ptr<Suppression>> open(Services services, ProviderRules rules);
  ~Suppression();
  Suppression(const Suppression&) = delete;
  Suppression& operator=(const Suppression&) = delete;

  // The strongest entry for this recipient: the widest scope first. An address that cannot be one is not suppressed.
  [[nodiscard]] Result<std::optional<Entry>> check(std::string_view address, const Where& where) const;
  // Whether check() would have to read the store; nanoseconds.
  [[nodiscard]] bool may_be_listed(std::string_view address) const;

  // Addresses need not be canonical yet; an epoch `since` means now. `done` runs on the writer's thread, or at once on
  // the caller's when an entry is refused.
  void add(std::vector<Entry> entries, Overwrite overwrite, AddDone done);
  [[nodiscard]] Result<Added> add(std::vector<Entry> entries, Overwrite overwrite);
  // Takes entries away; those that are not there are not counted. Leaves a mark with who and why for the change feed.
  [[nodiscard]] Result<std::uint64_t> remove(std::string_view address, const std::optional<Scope>& scope,
                                             const std::string& who, const std::string& note);
  // Ends the wish to have these looked at; the suppression stays.
  [[nodiscard]] Result<std::uint64_t> reviewed(std::string_view address, const std::string& who);

  // All that is known of an address and of its domain: entries in any scope, and marks of removal.
  [[nodiscard]] Result<std::vector<Row>> find(std::string_view address) const;
  // Entries in the order of their last change; removed ones left out.
  [[nodiscard]] Result<Rows> list(const ListQuery& query) const;
  // What changed after the cursor, the latest state of each entry, removals included.
  [[nodiscard]] Result<Rows> changes(std::uint64_t cursor, std::uint32_t limit) const;

  [[nodiscard]] std::uint64_t size() const { return entries_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t memory_bytes() const;
  [[nodiscard]] const ProviderRules& rules() const { return rules_; }

 private:
  friend class Guard;
  friend class Importer;
  friend class SoftBounces;
  class Reader;
  class Inserter;
  struct ReaderLease;
  Suppression(Services services, ProviderRules rules);

  [[nodiscard]] Result<> load_filter();
  [[nodiscard]] Result<Added> insert(state::Database& db, const std::vector<Entry>& entries, Overwrite overwrite);
  // Rewrites those rows of the address, marks of removal apart, for which `change` is true; it has changed them. How
  // many.
  [[nodiscard]] Result<std::uint64_t> rewrite(std::string_view address, const std::string& who,
                                              const std::function<bool(Row&)>& change);
  void publish(const std::vector<std::uint64_t>& hashes, const Added& added);
  void grow(std::uint64_t entries);
  [[nodiscard]] Result<ReaderLease> lease() const;

  const Services services_;
  const ProviderRules rules_;
  metrics::Counter& checks_;
  metrics::Counter& looked_up_;
  metrics::Counter& hits_;
  metrics::Counter& failures_;
  std::atomic<std::uint64_t> entries_{0};

  // Written by the writer's thread and by open(); read by any.
  std::atomic<Filter*> filter_{nullptr};
  std::unique_ptr<Inserter> inserter_;            // the writer's thread
  std::unique_ptr<Filter> building_;              // the next one, while it is filled. The writer's thread
  std::thread grower_;                            // fills it. The writer's thread, and the destructor
  bool stopping_ = false;                         // the writer's thread
  std::atomic<bool> growing_{false};              // grower_ is at work
  std::vector<std::unique_ptr<Filter>> filters_;  // outgrown ones stay: somebody may be reading. The writer's thread
  mutable std::mutex readers_mutex_;
  mutable std::vector<std::unique_ptr<Reader>> readers_;  // idle ones; guarded by readers_mutex_
};

}  // namespace penstock::suppression
