// SPDX-License-Identifier: Apache-2.0
#include "warmup/meter.h"

#include <algorithm>

#include "model/class_policy.h"

namespace penstock::warmup {
namespace {

using model::OutcomeClass;

enum class Sign : std::uint8_t { None, Deferral, Bounce };

// What the receiver said of us or of our list. Trouble on the way and a full mailbox say nothing of the sender.
Sign sign_of(const model::Outcome& outcome) {
  if (outcome.reply.code == 0 || outcome.step < model::Step::Mail) {
    const bool of_us = outcome.outcome_class == OutcomeClass::Blocklist ||
                       outcome.outcome_class == OutcomeClass::Reputation ||
                       outcome.outcome_class == OutcomeClass::RateLimit;
    if (outcome.reply.code == 0 || !of_us) return Sign::None;
  }
  switch (outcome.outcome_class) {
    case OutcomeClass::MailboxFull:
    case OutcomeClass::MessageTooLarge:
    case OutcomeClass::Greylisting:
    case OutcomeClass::Suppressed:
    case OutcomeClass::Admin:
    case OutcomeClass::TooManyConnections:
    case OutcomeClass::Network:
    case OutcomeClass::Timeout:
    case OutcomeClass::Dns:
    case OutcomeClass::Tls: return Sign::None;
    default: break;
  }
  return outcome.kind == model::OutcomeKind::Bounced ? Sign::Bounce : Sign::Deferral;
}

}  // namespace

Meter::Meter(const Clock& clock, AccountName name, SchedulePtr schedule, Ledger ledger)
    : clock_(clock), name_(std::move(name)), account_(std::move(schedule), ledger), saved_(std::move(ledger)) {}

std::optional<Ledger> Meter::take_changed() {
  const std::lock_guard lock(mutex_);
  if (account_.ledger() == saved_) return std::nullopt;
  saved_ = account_.ledger();
  return saved_;
}

void Meter::note(const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered) return;
  const Sign sign = sign_of(outcome);
  if (sign == Sign::None) return;
  with([sign](Account& account, Time now, Time wall) {
    sign == Sign::Bounce ? account.note_bounced(now, wall) : account.note_deferred(now, wall);
  });
}

void Share::give_all_back() {
  settle(reserved_, 0);
  set_in_line(0);
}

Share::~Share() {
  give_all_back();
}

Share& Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  give_all_back();
  meter_ = std::move(other.meter_);
  reserved_ = std::exchange(other.reserved_, 0);
  in_line_ = std::exchange(other.in_line_, 0);
  return *this;
}

std::uint32_t Share::reserve(std::uint32_t most) {
  if (!meter_) return most;
  const std::uint32_t granted =
      meter_->with([&](Account& a, Time now, Time wall) { return a.reserve(most, now, wall); });
  reserved_ += granted;
  return granted;
}

void Share::settle(std::size_t recipients, std::size_t taken) {
  if (!meter_ || recipients == 0) return;
  const auto mine = static_cast<std::uint32_t>(std::min<std::uint64_t>(recipients, reserved_));
  reserved_ -= mine;
  meter_->with([&](Account& a, Time now, Time wall) { a.settle(mine, static_cast<std::uint32_t>(taken), now, wall); });
}

void Share::note(const model::Outcome& outcome) {
  if (meter_) meter_->note(outcome);
}

void Share::set_in_line(std::uint64_t recipients) {
  if (!meter_) return;
  meter_->in_line_ += recipients - in_line_;  // modulo 2^64, which is right in the sum
  in_line_ = recipients;
}

bool Share::limits() const {
  return meter_ && meter_->with([](const Account& account, Time, Time) { return account.limits(); });
}

std::uint64_t Share::room_now() const {
  if (!meter_) return UINT64_MAX;
  return meter_->with([](Account& account, Time now, Time wall) { return account.room_now(now, wall); });
}

Time Share::next_room() const {
  return meter_->with([](Account& account, Time now, Time wall) { return account.next_room(now, wall); });
}

}  // namespace penstock::warmup
