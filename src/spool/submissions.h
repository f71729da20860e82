// SPDX-License-Identifier: Apache-2.0
// Submissions: what all threads hand to the writer, and when it is woken for it.
//
// A message wakes the writer at once; Attempt and Final records wait for the next message, or for flush_interval, or
// until there are many. While the writer was busy everything gathers: that is the group of the group commit. Under load
// messages also wait a moment for others, see GroupPace.
// Threads: any may submit and flush; one takes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "spool/accept.h"
#include "spool/group_pace.h"
#include "spool/hint.h"
#include "spool/message_index.h"
#include "spool/payload.h"
#include "spool/records.h"

namespace penstock::spool {

// A message on its way to disk. Encoded and summed on the submitter's thread: there are many of those, one writer.
struct AcceptItem {
  std::shared_ptr<const model::Envelope> envelope;
  std::shared_ptr<const std::string> body;
  std::string payload;  // of the Envelope record
  std::uint32_t body_crc = 0;
  std::uint32_t payload_crc = 0;
  AcceptHandler done;
  CompletionPort* port = nullptr;
};

// What compaction copies on. The writer leaves out what is no longer live when its turn comes.
struct MoveBatch {
  struct Message {
    StoredEnvelope stored;
    std::string body;
    Location from;
  };
  std::vector<Message> messages;
  std::vector<StoredAttempt> attempts;
  std::vector<HintFinal> finals;
  std::uint64_t bytes = 0;  // that all of it takes in a segment, at most

  // What one of each takes. A message's with room for the list of finished recipients, which only the writer knows.
  [[nodiscard]] static std::uint64_t bytes_of(const Message& message);
  [[nodiscard]] static std::uint64_t bytes_of(const StoredAttempt& attempt);
  [[nodiscard]] static std::uint64_t bytes_of(const HintFinal& final);
  [[nodiscard]] bool empty() const { return messages.empty() && attempts.empty() && finals.empty(); }
};

struct Work {
  std::vector<AcceptItem> accepts;
  std::vector<AttemptRecord> attempts;
  std::vector<model::RecipientId> finals;
  MoveBatch* moves = nullptr;  // belongs to the thread that waits in move()
  std::uint64_t ticket = 0;    // flushes asked for up to this one are answered by this work
  bool last = false;           // stop() was called
  [[nodiscard]] bool empty() const { return accepts.empty() && attempts.empty() && finals.empty() && moves == nullptr; }
};

class Submissions {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `gather`: how long messages wait for others under load.
  Submissions(Duration flush_interval, Duration retry_interval, Duration gather = GroupPace::kGather)
      : flush_interval_(flush_interval), retry_interval_(retry_interval), pace_(gather) {}

  // False when stop() was called: the item is untouched.
  [[nodiscard]] bool add(AcceptItem& item);
  void add(AttemptRecord record);
  void add(std::span<AttemptRecord> records);
  void add(std::span<const model::RecipientId> finals);
  // Waits until the writer has dealt with the moves; false: they are not durable.
  [[nodiscard]] bool move(MoveBatch& moves);
  // Waits until all submitted before has been dealt with. Returns at once when the writer has ended.
  // True: all records among it are durable.
  bool flush();
  // The next work taken is the last.
  void stop();

  // For the writer. Waits for work; the last one may be empty.
  [[nodiscard]] Work take();
  // All of it is durable or has failed.
  void done(const Work& work, bool moves_durable);
  // These could not be written: they come first in the next work, which comes after retry_interval.
  void put_back(std::vector<AttemptRecord> attempts, std::vector<model::RecipientId> finals);
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  [[nodiscard]] std::size_t records_locked() const { return attempts_.size() + finals_.size(); }
  void wake(std::unique_lock<std::mutex>& lock, bool at_once);
  // When what is there should be taken; the farthest time if there is nothing.
  [[nodiscard]] SteadyTime due_locked() const;

  const Duration flush_interval_, retry_interval_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable work_, dealt_with_;
  std::vector<AcceptItem> accepts_;
  std::vector<AttemptRecord> attempts_;
  std::vector<model::RecipientId> finals_;
  MoveBatch* moves_ = nullptr;
  bool moves_durable_ = false;
  SteadyTime first_record_at_{};  // when the oldest waiting Attempt or Final came
  SteadyTime not_before_{};       // for records, after a failure
  GroupPace pace_;                // of messages
  std::uint64_t tickets_ = 0, tickets_done_ = 0;
  std::uint64_t tickets_failed_ = 0;  // the last one answered by work of which something was put back
  bool put_back_ = false;             // by the present work
  bool writer_waits_ = false;
  bool stopping_ = false;
  bool ended_ = false;  // the last work was dealt with
};

}  // namespace penstock::spool
