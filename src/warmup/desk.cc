// SPDX-License-Identifier: Apache-2.0
#include "warmup/desk.h"

#include <fmt/format.h>

#include "base/log.h"

namespace penstock::warmup {

SchedulePtr Schedules::find(const AccountName& name) const {
  if (const auto own = by_name.find(name); own != by_name.end()) return own->second;
  if (name.provider == kOther) return nullptr;
  const auto each = by_name.find({name.vmta, std::string(kEach)});
  return each == by_name.end() ? nullptr : each->second;
}

Desk::Desk(Services services, SchedulesPtr schedules)
    : services_(services),
      decisions_(services.metrics.counter("penstock_warmup_decisions_total",
                                          "Times a warm-up's daily allowance was raised, cut or ended")),
      schedules_(std::move(schedules)) {}

Result<std::unique_ptr<Desk>> Desk::open(Services services, SchedulesPtr schedules) {
  auto stored = open_store(services.writer);
  if (!stored) return fail(stored.error());
  std::unique_ptr<Desk> desk(new Desk(services, std::move(schedules)));
  for (auto& [name, ledger] : *stored) desk->unused_.emplace(name, std::move(ledger));
  const std::lock_guard lock(desk->mutex_);
  for (const auto& [name, ledger] : std::map(desk->unused_)) {
    if (SchedulePtr schedule = desk->schedules_->find(name)) (void)desk->open_account(name, std::move(schedule));
  }
  desk->make_known();
  return desk;
}

MeterPtr Desk::open_account(const AccountName& name, SchedulePtr schedule) {
  Ledger ledger;
  if (auto stored = unused_.extract(name)) ledger = std::move(stored.mapped());
  auto meter = std::make_shared<Meter>(services_.clock, name, std::move(schedule), std::move(ledger));
  accounts_.emplace(name, meter);
  const metrics::LabelSet labels{{"provider", name.provider}, {"vmta", name.vmta}};
  services_.metrics.gauge_from(
      "penstock_warmup_allowance", "Recipients that may be taken today by a vMTA at a provider; 0 once it is warm",
      [meter] {
        return meter->with([](const Account& account, Time, Time) {
          return account.limits() ? static_cast<double>(account.allowance()) : 0.0;
        });
      },
      labels);
  services_.metrics.gauge_from(
      "penstock_warmup_taken", "Recipients taken today of a warm-up's allowance",
      [meter] {
        return meter->with(
            [](const Account& account, Time, Time) { return static_cast<double>(account.ledger().counts.taken); });
      },
      labels);
  return meter;
}

void Desk::make_known() {
  for (const auto& [name, schedule] : schedules_->by_name) {
    if (name.provider != kEach && !accounts_.contains(name)) (void)open_account(name, schedule);
  }
}

void Desk::set_schedules(SchedulesPtr schedules) {
  const std::lock_guard lock(mutex_);
  schedules_ = std::move(schedules);
  for (const auto& [name, meter] : accounts_) {
    meter->with([next = schedules_->find(name)](Account& account, Time, Time) { account.set_schedule(next); });
  }
  make_known();
}

MeterPtr Desk::find_known(const AccountName& name) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? nullptr : found->second;
}

MeterPtr Desk::find(std::string_view vmta, std::string_view provider) {
  const AccountName name{std::string(vmta), std::string(provider.empty() ? kOther : provider)};
  const std::lock_guard lock(mutex_);
  SchedulePtr schedule = schedules_->find(name);
  if (!schedule) return nullptr;
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? open_account(name, std::move(schedule)) : found->second;
}

void Desk::complained(std::string_view vmta, std::string_view provider) {
  const MeterPtr meter = find_known({std::string(vmta), std::string(provider.empty() ? kOther : provider)});
  if (!meter) return;
  meter->with([](Account& account, Time now, Time wall) { account.note_complaint(now, wall); });
}

void Desk::failed_late(std::string_view vmta, std::string_view provider, const model::Outcome& outcome) {
  const MeterPtr meter = find_known({std::string(vmta), std::string(provider.empty() ? kOther : provider)});
  if (meter) meter->note(outcome);
}

std::vector<MeterPtr> Desk::meters() {
  const std::lock_guard lock(mutex_);
  std::vector<MeterPtr> all;
  all.reserve(accounts_.size());
  for (const auto& [name, meter] : accounts_) all.push_back(meter);
  return all;
}

void Desk::record(const AccountName& name, const Decision& decision) {
  decisions_.add();
  log::info("warmup", "{} at {}: {}", name.vmta, name.provider, decision.text);
  model::Event event;
  event.type = model::EventType::Warmup;
  event.time = services_.clock.wall();
  event.vmta = name.vmta;
  if (name.provider != kOther) event.provider = name.provider;
  event.detail = decision.text;
  services_.events.record(event);
}

std::vector<NamedLedger> Desk::take_changed() {
  std::vector<NamedLedger> changed;
  const bool all = save_all_.exchange(false);
  for (const MeterPtr& meter : meters()) {
    auto ledger = meter->take_changed();
    if (!ledger && all) ledger = meter->with([](const Account& account, Time, Time) { return account.ledger(); });
    if (ledger) changed.emplace_back(meter->name(), std::move(*ledger));
  }
  return changed;
}

void Desk::tick() {
  for (const MeterPtr& meter : meters()) {
    const auto decision = meter->with([](Account& account, Time now, Time wall) {
      account.roll(now, wall);
      return account.take_decision();
    });
    if (decision) record(meter->name(), *decision);
  }
  auto changed = take_changed();
  if (changed.empty()) return;
  services_.writer.submit([changed = std::move(changed)](state::Database& db) { return save(db, changed); },
                          [this](const Result<>& saved) {
                            if (saved) return;
                            save_all_ = true;
                            log::warn("warmup", "the counts of warm-ups cannot be saved: {}",
                                      saved.error().to_string());
                          });
}

void Desk::flush() {
  const auto changed = take_changed();
  if (changed.empty()) return;
  if (auto saved = services_.writer.run([&](state::Database& db) { return save(db, changed); }); !saved) {
    save_all_ = true;
    log::error("warmup", "the counts of warm-ups cannot be saved: {}", saved.error().to_string());
  }
}

std::vector<Standing> Desk::list() {
  std::vector<Standing> all;
  for (const MeterPtr& meter : meters()) {
    Standing one = meter->with([&](Account& account, Time now, Time wall) {
      account.roll(now, wall);
      Standing standing;
      standing.schedule = account.schedule();
      if (!standing.schedule) return standing;
      standing.ledger = account.ledger();
      standing.allowance = account.allowance();
      standing.allowed_so_far = account.limits() ? account.allowed_so_far(now, wall) : account.ledger().counts.taken;
      standing.under_way = account.under_way();
      standing.hours = standing.schedule->hours.span_of(standing.ledger.day);
      standing.tomorrow = account.tomorrow();
      return standing;
    });
    one.name = meter->name();
    if (one.schedule) all.push_back(std::move(one));
  }
  return all;
}

bool Desk::pause(const AccountName& name, const std::string& by, const std::string& why) {
  const MeterPtr meter = find_known(name);
  return meter && meter->with([&](Account& account, Time, Time wall) {
    if (!account.schedule()) return false;
    account.pause(by, why, wall);
    return true;
  });
}

bool Desk::resume(const AccountName& name) {
  const MeterPtr meter = find_known(name);
  return meter && meter->with([](Account& account, Time, Time) {
    if (!account.schedule()) return false;
    account.resume();
    return true;
  });
}

Desk::Set Desk::set_day(const AccountName& name, std::uint32_t day) {
  const MeterPtr meter = find_known(name);
  if (!meter) return Set::NoAccount;
  return meter->with([day](Account& account, Time now, Time wall) {
    if (!account.schedule()) return Set::NoAccount;
    return account.set_day(day, now, wall) ? Set::Done : Set::NoDay;
  });
}

}  // namespace penstock::warmup
