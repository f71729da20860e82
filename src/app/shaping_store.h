// SPDX-License-Identifier: Apache-2.0
// ShapingStore: what was learned of limits (delivery::ShapingMemory) in state.db, so that a restart begins where the
// last run was.
//
// Use:  store.open();   for each shard: dispatcher.restore(store.load());
//       store.save(shard, dispatcher.memory());    // every kEvery, when a state began or ended, and at the end
//       store.wait();    // what an operator said is on disk before he is answered
// Each shard's part is replaced whole once in kEvery, which tells how fresh it is; between, rows that changed. Decay:
// what was learned (rates, connections, ceilings) counts in full for kFresh, begins at half until kStale, and is
// forgotten after that; suspensions, back-off, pins, actions, connection trouble and what is avoided last until their
// own end; the ramp of an action, and trouble that has still to be probed, are remembered for an hour. Threads: save()
// any; load() and open() before the shards run. Errors: of the database; a row that cannot be read is left out.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delivery/shaping_memory.h"
#include "model/name_table.h"
#include "state/writer.h"

namespace penstock::app {

class ShapingStore {
 public:
  static constexpr Duration kEvery{std::chrono::seconds{30}};
  static constexpr Duration kFresh{std::chrono::hours{1}};
  static constexpr Duration kStale{std::chrono::hours{24}};
  static constexpr std::size_t kRowsMost = 20'000;  // of a shard

  ShapingStore(state::Writer& writer, const Clock& clock, model::NameTable& names, std::size_t shards)
      : writer_(writer), clock_(clock), names_(names), written_(shards) {}

  [[nodiscard]] Result<> open();
  [[nodiscard]] Result<delivery::ShapingMemory> load();
  // Writes in the background. Bounded: the first kRowsMost.
  void save(std::size_t shard, const delivery::ShapingMemory& memory);
  // Until what was saved is durable.
  [[nodiscard]] Result<> wait();

 private:
  [[nodiscard]] std::string text_of(const delivery::LearnedPath& path) const;
  [[nodiscard]] std::string text_of(const shaping::Action& action) const;
  void read(std::string_view text, Time saved, delivery::ShapingMemory& memory);

  state::Writer& writer_;
  const Clock& clock_;
  model::NameTable& names_;
  std::mutex mutex_;
  struct Written {
    std::vector<std::string> rows;
    Time whole{};  // when all of them were written
  };
  std::vector<Written> written_;  // by shard; guarded by mutex_
};

}  // namespace penstock::app
