// SPDX-License-Identifier: Apache-2.0
// What the log is told of the states of paths: each back-off and suspension once when it begins, with its cause, and
// once when it has ended. Connection trouble that comes and goes while its probes fail is one suspension.
#include <fmt/format.h>

#include "base/log.h"
#include "base/units.h"
#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

using shaping::Explanation;
using shaping::State;

// As people say it: "1h", not "59m59s999ms".
std::string in_seconds(Duration time) {
  return format_duration(time < std::chrono::seconds{1} ? time : std::chrono::round<std::chrono::seconds>(time));
}

std::string in_words(const Explanation& why, Time now) {
  std::string text = fmt::format("{} {}", why.state == State::Suspended ? "suspend" : "back off", why.scope);
  if (why.until) text += fmt::format(" for {}", in_seconds(*why.until - now));
  text += fmt::format(": {}", why.rule);
  if (why.attempts > 0) text += fmt::format("; {} of {} answers were against it", why.refusals, why.attempts);
  if (!why.cause.empty()) text += fmt::format(", the last one \"{}\"", why.cause);
  if (!why.by.empty()) text += fmt::format("; by {}", why.by);
  return why.next.empty() ? text : text + "; " + why.next;
}

}  // namespace

void Dispatcher::tell_state(const shaping::PathKey& key, shaping::Limiter& limiter, const model::Outcome* because) {
  const Time now = parts_.clock.now();
  const State state = limiter.state(now);
  const State told = limiter.told();
  const bool begins = state >= State::Backoff && state > told;
  const bool ends = state < State::Backoff && told != State::Normal;
  if (!begins && !ends) return;
  const Explanation why = limiter.explain(now);
  model::Event event;
  event.type = model::EventType::Action;
  event.time = parts_.clock.wall();
  event.vmta = parts_.names.view(key.vmta);
  const shaping::GroupParts parts = shaping::parts_of_group(parts_.names.view(key.group));
  const std::string_view group = parts.group;
  constexpr std::string_view kProvider = "provider:";
  constexpr std::string_view kSite = "site:";
  if (group.starts_with(kProvider)) event.provider = group.substr(kProvider.size());
  event.stream = parts.stream;
  if (group.starts_with(kSite)) event.site = group.substr(kSite.size());
  const std::string words =
      begins ? in_words(why, now)
             : fmt::format("the {} of {} has ended, it began {} ago; {}",
                           told == State::Suspended ? "suspension" : "back-off", limiter.scope(),
                           in_seconds(now - limiter.told_at()), why.next.empty() ? "its usual limits hold" : why.next);
  event.detail = words;
  if (begins && because != nullptr) {
    event.reply = because->reply;
    event.step = because->step;
    event.has_step = true;
    event.outcome_class = because->outcome_class;
    event.rule = because->rule;
    event.scope = because->scope;
  }
  if (begins && why.until) event.next_attempt = parts_.clock.to_wall(*why.until);
  limiter.set_told(begins ? state : State::Normal, now);
  state_changed_ = true;
  log::info("delivery", "{}", words);
  parts_.events.record(event);
}

}  // namespace penstock::delivery
