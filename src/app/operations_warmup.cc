// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/errc.h"
#include "app/node_operations.h"

namespace penstock::app {
namespace {

api::WarmupState state_of(const warmup::Standing& from, Time wall) {
  if (from.ledger.paused) return api::WarmupState::Paused;
  if (from.ledger.finished) return api::WarmupState::Warm;
  const bool open = wall >= from.hours.from && wall < from.hours.until;
  return open ? api::WarmupState::Warming : api::WarmupState::Closed;
}

api::WarmupRow row_of(const warmup::Standing& from, Time wall) {
  const warmup::Ledger& ledger = from.ledger;
  const warmup::Plan& plan = from.schedule->plan;
  api::WarmupRow row;
  row.vmta = from.name.vmta;
  row.provider = from.name.provider;
  row.state = state_of(from, wall);
  row.plan_day = plan.day_of(ledger.planned);
  row.plan_days = plan.length();
  row.plan_first = plan.first();
  row.plan_last = plan.last();
  row.beyond = to_string(plan.beyond);
  row.hours = from.schedule->hours_text;
  row.zone = from.schedule->zone_text;
  row.days = ledger.days;
  row.allowance = ledger.finished ? 0 : from.allowance;
  row.planned = ledger.finished ? 0 : ledger.planned;
  row.allowed_so_far = from.allowed_so_far;
  row.taken = ledger.counts.taken;
  row.under_way = from.under_way;
  row.left = row.allowance > row.taken ? row.allowance - row.taken : 0;
  row.deferred = ledger.counts.deferred;
  row.bounced = ledger.counts.bounced;
  row.complaints = ledger.counts.complaints;
  row.why = ledger.finished ? "warm" : ledger.why;
  row.paused_by = ledger.paused_by;
  row.paused_why = ledger.paused_why;
  row.paused_since = ledger.paused_since;
  row.opens = from.hours.from;
  row.closes = from.hours.until;
  if (ledger.finished) return row;
  row.tomorrow_step = to_string(from.tomorrow.verdict.step);
  row.tomorrow_why = from.tomorrow.verdict.why;
  row.tomorrow_warm = from.tomorrow.finished;
  row.tomorrow = from.tomorrow.finished ? 0 : from.tomorrow.allowance;
  return row;
}

}  // namespace

Result<std::vector<api::WarmupRow>> NodeOperations::warmups(const api::WarmupQuery& query) {
  std::vector<api::WarmupRow> rows;
  for (const warmup::Standing& one : node_.warmups().list()) {
    const bool wanted = (query.vmta.empty() || query.vmta == one.name.vmta) &&
                        (query.provider.empty() || query.provider == one.name.provider);
    if (wanted) rows.push_back(row_of(one, node_.clock().wall()));
  }
  return rows;
}

Result<api::WarmupRow> NodeOperations::change_warmup(const api::WarmupChange& change, const api::Actor& actor) {
  const warmup::AccountName name{change.vmta, change.provider};
  const auto none = [&] {
    return fail(api::Errc::NotFound, fmt::format("vMTA \"{}\" has no warm-up at \"{}\"", change.vmta, change.provider));
  };
  std::string what;
  switch (change.act) {
    case api::WarmupAct::Pause:
    case api::WarmupAct::Resume: {
      const bool on = change.act == api::WarmupAct::Pause;
      const bool done = on ? node_.warmups().pause(name, actor.name, change.reason) : node_.warmups().resume(name);
      if (!done) return none();
      what = on ? "pause" : "resume";
      break;
    }
    case api::WarmupAct::Set: {
      const auto set = node_.warmups().set_day(name, change.day);
      if (set == warmup::Desk::Set::NoAccount) return none();
      if (set == warmup::Desk::Set::NoDay) {
        return fail(api::Errc::BadRequest, fmt::format("the plan has no day {}", change.day));
      }
      what = fmt::format("set to day {}", change.day);
      break;
    }
  }
  node_.warmups().flush();
  record_admin(actor, fmt::format("warm-up of {} at {}: {}{}", change.vmta, change.provider, what,
                                  change.reason.empty() ? "" : ": " + change.reason));
  const auto rows = warmups({change.vmta, change.provider});
  if (!rows || rows->empty()) return none();
  return rows->front();
}

}  // namespace penstock::app
