// SPDX-License-Identifier: Apache-2.0
// How new sending addresses are warmed up: /v1/warmups and what an operator changes of it.
#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"

namespace penstock::api {
namespace {

constexpr std::uint64_t kDayMax = 10'000;

Asked<Answer> change(Call& call, WarmupAct act) {
  WarmupChange change;
  change.act = act;
  change.vmta = call.input.text("vmta");
  change.provider = call.input.text("provider");
  change.reason = call.input.text("reason");
  if (act == WarmupAct::Set) {
    change.day = static_cast<std::uint32_t>(call.input.number("day", 0, 1, kDayMax));
    if (change.day == 0)
      call.input.refuse_with({Errc::BadRequest, "give \"day\", a day of the plan", "the first is 1"});
  }
  if (change.vmta.empty() || change.provider.empty()) {
    call.input.refuse_with({Errc::BadRequest, "give \"vmta\" and \"provider\"", "GET /v1/warmups has them"});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto row = call.operations.change_warmup(change, call.actor);
  if (!row) return refuse(row.error());
  return answer_json_now(call, to_json(*row));
}

}  // namespace

Asked<Answer> list_warmups(Call& call) {
  WarmupQuery query;
  query.vmta = call.input.text("vmta");
  query.provider = call.input.text("provider");
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto rows = call.operations.warmups(query);
  if (!rows) return refuse(rows.error());
  return answer_json_now(call, {{"warmups", to_json_array(*rows)}});
}

Asked<Answer> pause_warmup(Call& call) {
  return change(call, WarmupAct::Pause);
}

Asked<Answer> resume_warmup(Call& call) {
  return change(call, WarmupAct::Resume);
}

Asked<Answer> set_warmup(Call& call) {
  return change(call, WarmupAct::Set);
}

}  // namespace penstock::api
