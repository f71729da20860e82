// SPDX-License-Identifier: Apache-2.0
#include "eventlog/intake.h"

#include <vector>

#include "eventlog/event_format.h"
#include "eventlog/event_line.h"
#include "eventlog/json_text.h"

namespace penstock::eventlog {
namespace {

// Lines begin with their time in a fixed form, so their starts compare as the times do.
std::string_view sort_key(std::string_view lines) {
  return lines.substr(0, kLineStart.size() + kTimeLength);
}

void merge(std::vector<std::string_view> sources, LineBuffer& out) {
  while (sources.size() > 1) {
    std::size_t earliest = 0;
    for (std::size_t i = 1; i < sources.size(); ++i) {
      if (sort_key(sources[i]) < sort_key(sources[earliest])) earliest = i;
    }
    std::string_view& source = sources[earliest];
    const std::size_t length = source.find('\n') + 1;
    out.append(source.substr(0, length));
    source.remove_prefix(length);
    if (source.empty()) sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(earliest));
  }
  if (!sources.empty()) out.append(sources.front());
}

}  // namespace

Intake::Intake(std::string_view node, Duration stall_limit, std::function<void()> hurry)
    : stall_limit_(stall_limit), hurry_(std::move(hurry)) {
  set_node(node);
}

void Intake::set_node(std::string_view node) {
  const std::string escaped = escape_json(node);
  for (Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    stripe.node = escaped;
  }
}

std::string Intake::node() const {
  const std::lock_guard lock(stripes_.front().mutex);
  return stripes_.front().node;
}

Intake::Stripe& Intake::own_stripe() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t number = threads.fetch_add(1, std::memory_order_relaxed);
  return stripes_[number % kStripes];
}

void Intake::record(const model::Event& event) {
  Stripe& stripe = own_stripe();
  std::unique_lock lock(stripe.mutex);
  if (stripe.lines.size() >= kStripeBytes && !wait_for_room(stripe, lock)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::size_t before = stripe.lines.size();
  append_event(stripe.lines, event, stripe.node);
  ++stripe.recorded;
  const bool half_full = before < kStripeBytes / 2 && stripe.lines.size() >= kStripeBytes / 2;
  lock.unlock();
  if (half_full) hurry_();
}

bool Intake::wait_for_room(Stripe& stripe, std::unique_lock<std::mutex>& lock) {
  if (stalled_.load()) return false;
  waits_.fetch_add(1, std::memory_order_relaxed);
  const bool room = stripe.room.wait_for(lock, stall_limit_, [&stripe] { return stripe.lines.size() < kStripeBytes; });
  if (!room) stalled_.store(true);
  return room;
}

void Intake::take(LineBuffer& out) {
  // All locks at once: what one thread recorded before another did is not left behind by the cut.
  std::array<std::unique_lock<std::mutex>, kStripes> locks;
  for (std::size_t i = 0; i < kStripes; ++i) locks[i] = std::unique_lock(stripes_[i].mutex);
  for (Stripe& stripe : stripes_) stripe.lines.swap(stripe.taken);
  stalled_.store(false);
  for (auto& lock : locks) lock.unlock();
  std::vector<std::string_view> sources;
  for (Stripe& stripe : stripes_) {
    if (stripe.taken.empty()) continue;
    sources.push_back(stripe.taken.view());
    stripe.room.notify_all();
  }
  merge(std::move(sources), out);
  for (Stripe& stripe : stripes_) stripe.taken.settle();
}

std::uint64_t Intake::recorded() const {
  std::uint64_t sum = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    sum += stripe.recorded;
  }
  return sum;
}

std::uint64_t Intake::waiting_bytes() const {
  std::uint64_t sum = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    sum += stripe.lines.size();
  }
  return sum;
}

}  // namespace penstock::eventlog
