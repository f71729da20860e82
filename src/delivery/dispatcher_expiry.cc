// SPDX-License-Identifier: Apache-2.0
// Mail that is ready and in nobody's hands: it stands in line for a warm-up, behind a wait that a receiver named, an
// operator's pin, or a low rate. Nobody would notice that its time is over, or that its sender wants to know.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

constexpr std::size_t kScanEach = 4096;
constexpr std::size_t kTellEach = 256;  // messages whose delay is told at a time

}  // namespace

void Dispatcher::expire_in_line() {
  const Time now = parts_.clock.now();
  std::vector<std::pair<std::vector<queue::QueuedRecipient>, model::Outcome>> all;
  for (const auto& [key, path] : paths_) {
    std::vector<queue::QueuedRecipient> late;
    for (const auto& [site, lane] : path->lanes()) look_through(*lane, late);
    if (path->warmup().limits()) path->warmup().set_in_line(path->ready());
    if (late.empty()) continue;
    const shaping::Explanation why = path->limiter().explain(now).front();
    model::Outcome outcome;
    outcome.reply = {0, {4, 4, 7}, fmt::format("not attempted yet: {} is {}", why.scope, to_string(why.state))};
    if (!why.rule.empty()) outcome.reply.text += fmt::format(" ({})", why.rule);
    all.emplace_back(std::move(late), std::move(outcome));
  }
  // They are routed anew, which may make paths.
  for (auto& [late, outcome] : all) {
    ++in_flight_;
    parts_.shard.spawn("delays", tell_delays(*this, std::move(late), std::move(outcome)));
  }
}

void Dispatcher::look_through(Lane& lane, std::vector<queue::QueuedRecipient>& late) {
  const Time now = parts_.clock.now();
  queue::FairQueue::Cursor cursor;
  while (!lane.ready.empty() && !cursor.done()) {
    lane.ready.scan(cursor, kScanEach, [&](const queue::QueuedRecipient& recipient) {
      const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
      if (is_over(recipient, stream, now)) {
        expire(recipient);
        return queue::Visit::Take;
      }
      if (!Settlement::is_late(recipient, stream, now)) return queue::Visit::Keep;
      late.push_back(recipient);
      return queue::Visit::Take;
    });
  }
}

net::Task<> Dispatcher::tell_delays(Dispatcher& self, std::vector<queue::QueuedRecipient> recipients,
                                    model::Outcome why) {
  const Flight flight(self.flights_, recipients, {});
  const auto key = [](const queue::QueuedRecipient& r) { return std::tuple(r.message, r.labels.value, r.index); };
  std::sort(recipients.begin(), recipients.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::size_t told = 0;
  for (auto first = recipients.begin(); first != recipients.end();) {
    const auto last = std::find_if(first, recipients.end(), [&](const queue::QueuedRecipient& other) {
      return other.message != first->message || other.labels != first->labels;
    });
    auto batch = co_await self.load({first, last});
    if (batch) {
      self.settlement_.tell_delay(*batch, why);
      self.persist(batch->recipients);
      for (const queue::QueuedRecipient& recipient : batch->recipients) self.route(recipient);
      self.flush_outboxes();
    }
    first = last;
    if (++told % kTellEach == 0) co_await net::sleep_for(Duration{0});
  }
  --self.in_flight_;
}

}  // namespace penstock::delivery
