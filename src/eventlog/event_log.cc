// SPDX-License-Identifier: Apache-2.0
// Three threads, so that none waits for another's disk access: the writer moves lines from memory to the current
// segment, the syncer makes them durable, the caretaker compresses and removes.
#include "eventlog/event_log.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "eventlog/cursor_file.h"
#include "eventlog/event_format.h"
#include "eventlog/intake.h"
#include "eventlog/recovery.h"
#include "eventlog/segment_compress.h"
#include "eventlog/segment_format.h"
#include "eventlog/segment_writer.h"
#include "eventlog/trouble.h"

namespace penstock::eventlog {
namespace {

constexpr std::size_t kKeptCapacity = 16U << 20;  // of the pending buffer, once the disk has caught up
constexpr Duration kCareInterval{std::chrono::seconds{10}};

std::string cursor_dir(const std::string& dir) {
  return dir + "/cursors";
}

}  // namespace

class EventLog::Impl {
 public:
  Impl(const Clock& clock, EventLogOptions options, File lock)
      : options_(std::move(options)),
        clock_(clock),
        lock_(std::move(lock)),
        catalog_(options_.dir),
        intake_(options_.node, options_.stall_limit, [this] { hurry(); }) {}

  Result<> recover() {
    const auto end = eventlog::recover(catalog_, options_.dir, cursor_dir(options_.dir));
    if (!end) return fail(end.error());
    writer_.emplace(catalog_, clock_, options_.dir, *end);
    return writer_->begin_segment();
  }

  void start();
  void stop();
  bool flush();
  void seal();
  void maintain();
  bool wait_past(Offset offset, Duration limit);
  void wake();
  Health health() const;
  EventLogStats stats() const;

  const EventLogOptions options_;
  const Clock& clock_;
  const File lock_;
  Catalog catalog_;
  Intake intake_;

 private:
  void hurry();
  void report_dropped();
  bool write_pending();
  void seal_locked();
  void sync() { sync_trouble_.note(writer_->sync()); }
  void compress(const Segment& segment);
  void remove_old();
  void remove(const Segment& segment);
  // Runs `act` every `interval`, sooner when `sooner` is set, until stop().
  template <class Act>
  void run(Duration interval, bool& sooner, Act act);

  std::mutex write_mutex_;
  std::optional<SegmentWriter> writer_;  // guarded by write_mutex_, but sync()
  LineBuffer pending_;                   // guarded by write_mutex_
  std::uint64_t dropped_reported_ = 0;   // guarded by write_mutex_
  std::atomic<std::uint64_t> pending_bytes_{0};
  std::atomic<std::uint64_t> written_{0}, sealed_{0}, compressed_{0}, removed_{0};
  Trouble write_trouble_{"writing the event log"};
  Trouble sync_trouble_{"syncing the event log"};
  Trouble care_trouble_{"compressing or removing segments of the event log"};

  std::mutex maintain_mutex_;

  mutable std::mutex wait_mutex_;
  std::condition_variable threads_;                                                  // with wait_mutex_
  std::condition_variable readers_;                                                  // with wait_mutex_
  bool stopping_ = false, flush_now_ = false, sync_now_ = false, care_now_ = false;  // guarded by wait_mutex_
  std::uint64_t wakes_ = 0;                                                          // guarded by wait_mutex_
  std::vector<std::thread> running_;
};

template <class Act>
void EventLog::Impl::run(Duration interval, bool& sooner, Act act) {
  std::unique_lock lock(wait_mutex_);
  while (!stopping_) {
    threads_.wait_for(lock, interval, [this, &sooner] { return stopping_ || sooner; });
    sooner = false;
    if (stopping_) return;
    lock.unlock();
    act();
    lock.lock();
  }
}

void EventLog::Impl::start() {
  if (!running_.empty()) return;
  running_.emplace_back([this] { run(options_.flush_interval, flush_now_, [this] { flush(); }); });
  if (options_.sync_interval > Duration::zero()) {
    running_.emplace_back([this] { run(options_.sync_interval, sync_now_, [this] { sync(); }); });
  }
  running_.emplace_back([this] {
    // Linux keeps a priority per thread: compressing must not take time from mail.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 15);
    run(kCareInterval, care_now_, [this] { maintain(); });
  });
}

void EventLog::Impl::stop() {
  {
    const std::lock_guard lock(wait_mutex_);
    stopping_ = true;
  }
  threads_.notify_all();
  readers_.notify_all();
  for (std::thread& thread : running_) thread.join();
  running_.clear();
  flush();
  sync();
}

void EventLog::Impl::hurry() {
  {
    const std::lock_guard lock(wait_mutex_);
    flush_now_ = true;
  }
  threads_.notify_all();
}

void EventLog::Impl::report_dropped() {
  const std::uint64_t dropped = intake_.dropped();
  if (dropped == dropped_reported_) return;
  const std::string detail =
      fmt::format("{} events were lost: the event log could not be written", dropped - dropped_reported_);
  log::error("eventlog", "{}", detail);
  model::Event event;
  event.type = model::EventType::Admin;
  event.time = clock_.wall();
  event.detail = detail;
  append_event(pending_, event, intake_.node());
  dropped_reported_ = dropped;
}

bool EventLog::Impl::write_pending() {
  if (!write_trouble_.note(writer_->append(pending_.view()))) return false;
  written_ += pending_.size();
  pending_.settle();
  pending_.shrink(kKeptCapacity);
  if (writer_->bytes() >= options_.segment_bytes) seal_locked();
  const std::lock_guard lock(wait_mutex_);  // no reader is between its look and its wait
  readers_.notify_all();
  return true;
}

bool EventLog::Impl::flush() {
  const std::lock_guard lock(write_mutex_);
  bool done = true;
  bool taken = false;
  while (done && !taken) {
    // Lines that could not be written come first; above the bound the rest waits with the threads that made it.
    taken = pending_.size() < options_.buffer_bytes;
    if (taken) {
      report_dropped();
      intake_.take(pending_);
    }
    if (pending_.empty()) pending_.settle();
    done = pending_.empty() || write_pending();
  }
  pending_bytes_ = pending_.size();
  return done;
}

void EventLog::Impl::seal_locked() {
  if (writer_->bytes() == 0) return;
  writer_->seal();
  ++sealed_;
  const std::lock_guard lock(wait_mutex_);
  care_now_ = true;
  threads_.notify_all();
}

void EventLog::Impl::seal() {
  flush();
  const std::lock_guard lock(write_mutex_);
  seal_locked();
}

void EventLog::Impl::maintain() {
  const std::lock_guard one_at_a_time(maintain_mutex_);
  {
    const std::lock_guard lock(write_mutex_);
    if (writer_->age() >= options_.segment_age) seal_locked();
  }
  remove_old();
  for (const Segment& segment : catalog_.all()) {
    {
      const std::lock_guard lock(wait_mutex_);
      if (stopping_) return;
    }
    if (segment.state == SegmentState::Sealed) compress(segment);
  }
  remove_old();
}

void EventLog::Impl::compress(const Segment& segment) {
  const auto disk_bytes = compress_segment(catalog_, segment, options_.compression_level);
  if (!care_trouble_.note(disk_bytes)) return;
  catalog_.set_compressed(segment.start, *disk_bytes);
  care_trouble_.note(remove_file(catalog_.path(segment.start, kPlainSuffix)));
  ++compressed_;
}

void EventLog::Impl::remove_old() {
  const std::vector<Segment> segments = catalog_.all();
  // Without a current segment nothing on disk would say where the log ends.
  if (segments.empty() || segments.back().state != SegmentState::Current) return;
  std::uint64_t disk_bytes = 0;
  for (const Segment& segment : segments) disk_bytes += segment.disk_bytes;
  const Time oldest = clock_.wall() - options_.retain_age;
  for (const Segment& segment : segments) {
    if (segment.state == SegmentState::Current) break;
    if (segment.last >= oldest && disk_bytes <= options_.retain_bytes) break;
    remove(segment);
    disk_bytes -= segment.disk_bytes;
  }
}

void EventLog::Impl::remove(const Segment& segment) {
  catalog_.remove(segment.start);
  for (const std::string_view suffix : {kPlainSuffix, kCompressedSuffix, kFilterSuffix}) {
    care_trouble_.note(remove_file(catalog_.path(segment.start, suffix)));
  }
  ++removed_;
}

bool EventLog::Impl::wait_past(Offset offset, Duration limit) {
  std::unique_lock lock(wait_mutex_);
  const std::uint64_t wakes = wakes_;
  readers_.wait_for(lock, limit, [&] { return catalog_.end() > offset || wakes_ != wakes || stopping_; });
  return catalog_.end() > offset;
}

void EventLog::Impl::wake() {
  const std::lock_guard lock(wait_mutex_);
  ++wakes_;
  readers_.notify_all();
}

Health EventLog::Impl::health() const {
  for (const Trouble* trouble : {&write_trouble_, &sync_trouble_, &care_trouble_}) {
    if (std::string reason = trouble->reason(); !reason.empty()) return {false, std::move(reason)};
  }
  return {};
}

EventLogStats EventLog::Impl::stats() const {
  EventLogStats stats;
  stats.recorded = intake_.recorded();
  stats.dropped = intake_.dropped();
  stats.bytes_written = written_;
  stats.waits = intake_.waits();
  stats.write_failures = write_trouble_.failures() + sync_trouble_.failures();
  stats.sealed = sealed_;
  stats.compressed = compressed_;
  stats.removed = removed_;
  for (const Segment& segment : catalog_.all()) {
    ++stats.segments;
    stats.disk_bytes += segment.disk_bytes;
  }
  stats.waiting_bytes = intake_.waiting_bytes() + pending_bytes_;
  return stats;
}

Result<std::unique_ptr<EventLog>> EventLog::open(const Clock& clock, EventLogOptions options) {
  const bool usable = !options.dir.empty() && options.segment_bytes > 0 && options.compression_level >= 1 &&
                      options.compression_level <= 19 && options.flush_interval > Duration::zero();
  if (!usable) return fail(Errc::BadOption, "dir, segment_bytes, flush_interval or compression_level");
  if (auto made = make_folder(options.dir); !made) return fail(made.error());
  if (auto made = make_folder(cursor_dir(options.dir)); !made) return fail(made.error());
  auto lock = File::open_to_write(options.dir + "/lock");
  if (!lock) return fail(lock.error());
  if (!lock->lock()) return fail(Errc::Locked, options.dir);
  auto impl = std::make_unique<Impl>(clock, std::move(options), std::move(*lock));
  if (auto recovered = impl->recover(); !recovered) return fail(recovered.error());
  return std::unique_ptr<EventLog>(new EventLog(std::move(impl)));
}

EventLog::EventLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EventLog::~EventLog() {
  stop();
}
void EventLog::start() {
  impl_->start();
}
void EventLog::stop() {
  impl_->stop();
}
void EventLog::record(const model::Event& event) {
  impl_->intake_.record(event);
}
void EventLog::set_node(std::string_view node) {
  impl_->intake_.set_node(node);
}
bool EventLog::flush() {
  return impl_->flush();
}
void EventLog::seal() {
  impl_->seal();
}
void EventLog::maintain() {
  impl_->maintain();
}
Offset EventLog::begin() const {
  return impl_->catalog_.begin();
}
Offset EventLog::end() const {
  return impl_->catalog_.end();
}
bool EventLog::wait_past(Offset offset, Duration limit) const {
  return impl_->wait_past(offset, limit);
}
void EventLog::wake() const {
  impl_->wake();
}
Result<std::optional<StoredCursor>> EventLog::load_cursor(std::string_view name) const {
  return load_cursor_file(cursor_dir(impl_->options_.dir), name);
}
Result<> EventLog::store_cursor(std::string_view name, const StoredCursor& cursor) {
  return store_cursor_file(cursor_dir(impl_->options_.dir), name, cursor);
}
Health EventLog::health() const {
  return impl_->health();
}
EventLogStats EventLog::stats() const {
  return impl_->stats();
}
const Catalog& EventLog::catalog() const {
  return impl_->catalog_;
}

}  // namespace penstock::eventlog
