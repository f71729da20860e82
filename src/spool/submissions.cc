// SPDX-License-Identifier: Apache-2.0
#include "spool/submissions.h"

#include <algorithm>
#include <iterator>

namespace penstock::spool {
namespace {

// So many records are worth a sync of their own before flush_interval is over.
constexpr std::size_t kRecordsMany = 16384;
constexpr auto kNever = Submissions::SteadyTime::max();

}  // namespace

std::uint64_t MoveBatch::bytes_of(const Message& message) {
  const model::Envelope& envelope = message.stored.envelope;
  return record_bytes(message.body.size()) + record_bytes(envelope_payload_bytes(envelope, envelope.recipients.size()));
}
std::uint64_t MoveBatch::bytes_of(const StoredAttempt& attempt) {
  constexpr std::uint64_t kFixed = 64;  // a little more than the numbers and lengths take
  const AttemptRecord& record = attempt.record;
  return record_bytes(kFixed + record.last_reply.size() + record.pinned_vmta.size() + record.stream.size());
}
std::uint64_t MoveBatch::bytes_of(const HintFinal& final) {
  return record_bytes(sizeof(final.envelope_sequence));
}

void Submissions::wake(std::unique_lock<std::mutex>& lock, bool at_once) {
  // A first record sets the alarm clock of a sleeping writer; further ones need not disturb it.
  const std::size_t records = records_locked();
  if (!at_once && records > 0 && first_record_at_ == SteadyTime{}) {
    first_record_at_ = std::chrono::steady_clock::now();
    at_once = true;
  }
  const bool needed = writer_waits_ && (at_once || records >= kRecordsMany);
  if (needed) writer_waits_ = false;
  lock.unlock();
  if (needed) work_.notify_one();
}

bool Submissions::add(AcceptItem& item) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  accepts_.push_back(std::move(item));
  // The first one lets a sleeping writer see until when to gather; further ones need not disturb it.
  wake(lock, accepts_.size() == 1 || accepts_.size() == GroupPace::kGroupFull);
  return true;
}

void Submissions::add(AttemptRecord record) {
  std::unique_lock lock(mutex_);
  attempts_.push_back(std::move(record));
  wake(lock, false);
}

void Submissions::add(std::span<AttemptRecord> records) {
  std::unique_lock lock(mutex_);
  attempts_.insert(attempts_.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
  wake(lock, false);
}

void Submissions::add(std::span<const model::RecipientId> finals) {
  std::unique_lock lock(mutex_);
  finals_.insert(finals_.end(), finals.begin(), finals.end());
  wake(lock, false);
}

bool Submissions::move(MoveBatch& moves) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  moves_ = &moves;
  const std::uint64_t ticket = ++tickets_;
  wake(lock, true);
  lock.lock();
  dealt_with_.wait(lock, [&] { return tickets_done_ >= ticket || ended_; });
  return tickets_done_ >= ticket && moves_durable_;
}

bool Submissions::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++tickets_;
  wake(lock, true);
  lock.lock();
  dealt_with_.wait(lock, [&] { return tickets_done_ >= ticket || ended_; });
  return tickets_done_ >= ticket && tickets_failed_ < ticket;
}

void Submissions::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake(lock, true);
}

Submissions::SteadyTime Submissions::due_locked() const {
  if (moves_ != nullptr || stopping_ || tickets_ > tickets_done_) return SteadyTime{};
  if (!accepts_.empty()) return accepts_.size() < GroupPace::kGroupFull ? pace_.gather_until() : SteadyTime{};
  if (records_locked() == 0) return kNever;
  if (records_locked() >= kRecordsMany) return not_before_;
  return std::max(first_record_at_ + flush_interval_, not_before_);
}

Work Submissions::take() {
  std::unique_lock lock(mutex_);
  for (SteadyTime due = due_locked(); std::chrono::steady_clock::now() < due; due = due_locked()) {
    writer_waits_ = true;
    if (due == kNever) {
      work_.wait(lock);
    } else {
      work_.wait_until(lock, due);
    }
    writer_waits_ = false;
  }
  Work work;
  if (!accepts_.empty()) pace_.taken(std::chrono::steady_clock::now(), accepts_.size());
  work.accepts.swap(accepts_);
  work.moves = std::exchange(moves_, nullptr);
  work.ticket = tickets_;
  work.last = stopping_;
  if (std::chrono::steady_clock::now() >= not_before_ || tickets_ > tickets_done_ || stopping_) {
    work.attempts.swap(attempts_);
    work.finals.swap(finals_);
    first_record_at_ = {};
  }
  return work;
}

void Submissions::done(const Work& work, bool moves_durable) {
  const std::lock_guard lock(mutex_);
  if (work.moves != nullptr) moves_durable_ = moves_durable;
  tickets_done_ = std::max(tickets_done_, work.ticket);
  if (std::exchange(put_back_, false)) tickets_failed_ = work.ticket;
  ended_ = work.last;
  dealt_with_.notify_all();
}

void Submissions::put_back(std::vector<AttemptRecord> attempts, std::vector<model::RecipientId> finals) {
  const std::lock_guard lock(mutex_);
  put_back_ = !attempts.empty() || !finals.empty();
  not_before_ = std::chrono::steady_clock::now() + retry_interval_;
  first_record_at_ = std::chrono::steady_clock::now();
  attempts.insert(attempts.end(), std::make_move_iterator(attempts_.begin()), std::make_move_iterator(attempts_.end()));
  attempts_ = std::move(attempts);
  finals.insert(finals.end(), finals_.begin(), finals_.end());
  finals_ = std::move(finals);
}

std::uint64_t Submissions::waiting() const {
  const std::lock_guard lock(mutex_);
  return accepts_.size() + records_locked();
}

}  // namespace penstock::spool
