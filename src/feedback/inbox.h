// SPDX-License-Identifier: Apache-2.0
// Inbox: reports that were taken and not yet dealt with, on disk, so that a 250 for a report means what it means for
// all mail: it survives a power cut.
//
// Use:  auto inbox = Inbox::open(data_dir + "/reports", handle);      // what an earlier life left is handled first
//       inbox->submit(std::move(report), [](Result<> durable) { … });  // any thread
//       inbox->stop();                                                 // what is not handled stays for the next start
// One thread gathers what was submitted, appends it in one write, syncs once and tells all; a second one calls
// `handle` with the reports that wait, in order, at most kHandledMax or about kHandledBytes at a time. When all are
// handled the file is emptied. So a report may be handled twice, after a crash, but never not at all: `handle` must
// bear that (report_id() tells). Format: "inbox.log", records of length (4 bytes), CRC-32C (4) and payload;
// docs/formats/reports.md. A torn tail is cut. Limits: waiting_bytes_max in memory and file_bytes_max on disk; beyond
// either submit() fails with Errc::InboxFull. Errors: what the operating system says, in `durable`: after a failed
// write the inbox takes nothing more until it has been reopened. Threads: submit() any; open() and stop() one.
// `durable` and `handle` run on the inbox's threads and must not block for long; both are called without locks held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace penstock::feedback {

struct IncomingReport {
  std::string message;
  std::vector<std::string> recipients;  // of its envelope
  std::string client_address;           // "192.0.2.1"; "" when it came from a file
  Time received;                        // wall
  bool operator==(const IncomingReport&) const = default;
};

struct InboxLimits {
  std::uint64_t waiting_bytes_max = 64ULL << 20;
  std::uint64_t file_bytes_max = 1ULL << 30;
};

class Inbox {
 public:
  static constexpr std::size_t kHandledMax = 256;
  static constexpr std::uint64_t kHandledBytes = 8ULL << 20;
  using Handle = std::function<void(std::span<const IncomingReport> reports)>;
  using Durable = std::function<void(Result<>)>;

  [[nodiscard]] static Result<std::unique_ptr<Inbox>> open(std::string folder, Handle handle, InboxLimits limits = {});
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void submit(IncomingReport report, Durable durable);
  // Ends both threads after the report in hand.
  void stop();
  // Reports that are durable and not handled.
  [[nodiscard]] std::uint64_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Submitted {
    IncomingReport report;
    std::string record;
    Durable durable;
  };

  Inbox(std::string folder, Handle handle, InboxLimits limits);
  Result<> start();
  Result<> recover();
  void write_loop();
  void handle_loop();
  Result<> append(const std::vector<Submitted>& batch);
  void empty_file_when_done();

  const std::string path_;
  const Handle handle_;
  const InboxLimits limits_;
  int file_ = -1;  // of the writing thread, once started
  std::atomic<std::uint64_t> waiting_{0};

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable durable_;
  // Guarded by mutex_.
  std::vector<Submitted> to_write_;
  std::deque<IncomingReport> to_handle_;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t file_bytes_ = 0;
  bool broken_ = false;
  bool stopping_ = false;

  std::thread writer_;
  std::thread handler_;
};

// The payload of a record, and back; nothing when it is malformed. For the inbox, tests and fuzzing.
[[nodiscard]] std::string encode_report(const IncomingReport& report);
[[nodiscard]] std::size_t encoded_size(const IncomingReport& report);
[[nodiscard]] bool decode_report(std::string_view payload, IncomingReport& report);

}  // namespace penstock::feedback
