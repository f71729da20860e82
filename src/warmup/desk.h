// SPDX-License-Identifier: Apache-2.0
// Desk: all warm-ups of a node: which plan holds for which vMTA and provider, and what is kept over a restart. Door of
// the module.
//
// Use:  auto desk = Desk::open({writer, clock, metrics, events}, schedules);   MeterPtr meter = desk->find("v3",
// "gmail");
//       desk->tick();  // each second, not by a shard   …   desk->set_schedules(next);   …   desk->flush();
// Durability: tick() hands what changed to the state writer, so a kill forgets what was taken in the last second or
// two, and the pace begins empty after a restart: no burst makes up for it. flush() waits until all is written.
// Ownership: services outlive it, meters may outlive their plan.   Threads: any.
// Errors: of the store at open(); later ones are logged and tried again.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metrics.h"
#include "model/event.h"
#include "warmup/meter.h"

namespace penstock::warmup {

// Which plans there are. Made from the configuration, constant.
struct Schedules {
  // For a provider by name, kOther, or kEach: every provider that has none of its own.
  std::map<AccountName, SchedulePtr> by_name;
  [[nodiscard]] SchedulePtr find(const AccountName& name) const;  // nullptr: none
};
inline constexpr std::string_view kEach = "*";
using SchedulesPtr = std::shared_ptr<const Schedules>;

// What an operator sees.
struct Standing {
  AccountName name;
  Ledger ledger;
  SchedulePtr schedule;
  std::uint64_t allowance = 0;       // today
  std::uint64_t allowed_so_far = 0;  // of it, by the spread
  std::uint64_t under_way = 0;
  SendingHours::Span hours;  // today's
  Account::Tomorrow tomorrow;
};

class Desk {
 public:
  struct Services {
    state::Writer& writer;
    const Clock& clock;
    metrics::Registry& metrics;
    model::EventSink& events;
  };
  [[nodiscard]] static Result<std::unique_ptr<Desk>> open(Services services, SchedulesPtr schedules);

  // From now on. Counts and allowances go on; what has no plan any more is not limited.
  void set_schedules(SchedulesPtr schedules);
  // nullptr where no plan holds. `provider`: "" for sites that belong to none.
  [[nodiscard]] MeterPtr find(std::string_view vmta, std::string_view provider);
  // What reports tell, later: a complaint, a failure of mail that had been taken.
  void complained(std::string_view vmta, std::string_view provider);
  void failed_late(std::string_view vmta, std::string_view provider, const model::Outcome& outcome);
  // Begins new days, records decisions as events, saves what changed.
  void tick();
  // Saves and waits.
  void flush();

  // Sorted by vMTA and provider; those with a plan.
  [[nodiscard]] std::vector<Standing> list();
  // False: no such warm-up. `by`, `why`: the operator and his words.
  [[nodiscard]] bool pause(const AccountName& name, const std::string& by, const std::string& why);
  [[nodiscard]] bool resume(const AccountName& name);
  enum class Set : std::uint8_t { Done, NoAccount, NoDay };
  [[nodiscard]] Set set_day(const AccountName& name, std::uint32_t day);

 private:
  Desk(Services services, SchedulesPtr schedules);
  [[nodiscard]] MeterPtr find_known(const AccountName& name);
  [[nodiscard]] MeterPtr open_account(const AccountName& name, SchedulePtr schedule);  // holding mutex_
  [[nodiscard]] std::vector<MeterPtr> meters();
  void make_known();  // accounts of plans that name their provider, to be shown before their first mail; holding mutex_
  void record(const AccountName& name, const Decision& decision);
  [[nodiscard]] std::vector<NamedLedger> take_changed();

  const Services services_;
  metrics::Counter& decisions_;
  std::atomic<bool> save_all_{false};  // a save failed
  std::mutex mutex_;
  SchedulesPtr schedules_;                    // guarded by mutex_
  std::map<AccountName, Ledger> unused_;      // guarded by mutex_; stored, and no plan asks for them yet
  std::map<AccountName, MeterPtr> accounts_;  // guarded by mutex_
};

}  // namespace penstock::warmup
