// SPDX-License-Identifier: Apache-2.0
#include "eventlog/accounting_writer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "eventlog/accounting_columns.h"
#include "eventlog/accounting_files.h"
#include "eventlog/event_line.h"
#include "eventlog/event_reader.h"
#include "eventlog/trouble.h"

namespace penstock::eventlog {
namespace {

constexpr std::size_t kPowerMtaColumns = 23;  // the first ones of all_columns()
constexpr Duration kRetryInterval{std::chrono::seconds{1}};

Result<std::vector<const Column*>> find_columns(const AccountingOptions& options) {
  if (!is_plain_name(options.prefix)) return fail(Errc::BadOption, "accounting prefix \"" + options.prefix + "\"");
  if (options.dir.empty() || options.dir.find('\n') != std::string::npos)
    return fail(Errc::BadOption, "accounting dir");
  for (const std::string& record : options.records) {
    const bool known = record.size() == 1 && std::string_view("dbtrx").find(record) != std::string_view::npos;
    if (!known) return fail(Errc::BadOption, "record type \"" + record + "\": one of d, b, t, r, x");
  }
  std::vector<const Column*> columns;
  for (const std::string& name : options.columns.empty() ? default_columns() : options.columns) {
    columns.push_back(find_column(name));
    if (columns.back() == nullptr) return fail(Errc::BadOption, "no accounting column is called \"" + name + "\"");
  }
  return columns;
}

}  // namespace

std::vector<std::string> default_columns() {
  std::vector<std::string> names = known_columns();
  names.resize(kPowerMtaColumns);
  return names;
}

std::vector<std::string> known_columns() {
  std::vector<std::string> names;
  for (const Column& column : all_columns()) names.emplace_back(column.name);
  return names;
}

class AccountingWriter::Impl {
 public:
  Impl(EventLog& log, const Clock& clock, AccountingOptions options, std::vector<const Column*> columns,
       AccountingFiles files, Offset cursor)
      : log_(log),
        clock_(clock),
        options_(std::move(options)),
        columns_(std::move(columns)),
        files_(std::move(files)),
        reader_(log, cursor),
        handled_(cursor),
        stored_(cursor),
        last_commit_(clock.now()),
        place_(cursor) {}

  void start();
  void stop();
  Result<> run_once();
  Result<> commit();
  Result<> rotate();
  Health health() const;
  AccountingStats stats() const;
  // Syncs the file and stores its place with the cursor.
  Result<> store(bool finished);

 private:
  // Makes records of the log's next block. False: there is none.
  Result<bool> read_block();
  Result<> write_records();
  [[nodiscard]] bool wanted(std::string_view record) const;
  void run();

  EventLog& log_;
  const Clock& clock_;
  const AccountingOptions options_;
  const std::vector<const Column*> columns_;
  AccountingFiles files_;
  EventReader reader_;
  std::string records_;  // made, not yet written
  std::string scratch_;
  Offset handled_;  // everything before is in the file
  Offset stored_;   // and this is on disk
  Time last_commit_;
  EventLine event_;

  std::atomic<std::uint64_t> events_{0}, written_{0}, finished_{0}, missed_bytes_{0}, bad_lines_{0};
  std::atomic<Offset> place_;  // handled_, for other threads
  Trouble trouble_{"writing accounting files"};

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by mutex_
};

bool AccountingWriter::Impl::wanted(std::string_view record) const {
  return !record.empty() &&
         std::find(options_.records.begin(), options_.records.end(), record) != options_.records.end();
}

Result<bool> AccountingWriter::Impl::read_block() {
  const auto batch = reader_.next();
  if (!batch) return fail(batch.error());
  if (batch->missed_bytes > 0) {
    missed_bytes_ += batch->missed_bytes;
    log::error("eventlog", "accounting missed {} bytes of events that are kept no longer", batch->missed_bytes);
  }
  std::uint64_t events = 0;
  std::uint64_t records = 0;
  for (std::string_view rest = batch->lines; !rest.empty();) {
    ++events;
    if (!event_.parse(take_line(rest))) {
      ++bad_lines_;
      continue;
    }
    if (!wanted(record_type(event_))) continue;
    append_record(columns_, event_, records_, scratch_);
    ++records;
  }
  events_ += events;
  written_ += records;
  return !batch->lines.empty();
}

Result<> AccountingWriter::Impl::write_records() {
  if (auto written = files_.append(records_, clock_.wall()); !written) return written;
  records_.clear();
  handled_ = reader_.cursor();
  place_ = handled_;
  return {};
}

Result<> AccountingWriter::Impl::run_once() {
  // Records that could not be written the last time come first: their events will not be read again.
  if (auto written = write_records(); !written) return written;
  while (true) {
    const auto more = read_block();
    if (!more) return fail(more.error());
    if (auto written = write_records(); !written) return written;
    if (files_.is_open() && files_.place().bytes >= options_.rotate_bytes) {
      if (auto rotated = rotate(); !rotated) return rotated;
    }
    if (!*more) break;
  }
  if (files_.is_open() && clock_.wall() - files_.place().started >= options_.rotate_age) return rotate();
  return clock_.now() - last_commit_ >= options_.commit_interval ? commit() : Result<>{};
}

Result<> AccountingWriter::Impl::store(bool finished) {
  if (auto synced = files_.sync(); !synced) return synced;
  AccountingPlace place = files_.place();
  place.finished = place.finished || finished;
  if (auto stored = log_.store_cursor(options_.cursor, {handled_, format_place(place)}); !stored) return stored;
  stored_ = handled_;
  last_commit_ = clock_.now();
  return {};
}

Result<> AccountingWriter::Impl::commit() {
  return handled_ == stored_ ? Result<>{} : store(false);
}

Result<> AccountingWriter::Impl::rotate() {
  if (!files_.is_open()) return {};
  if (auto stored = store(true); !stored) return stored;
  if (auto finished = files_.finish(); !finished) return finished;
  ++finished_;
  if (options_.keep_age > Duration::zero()) files_.remove_older(clock_.wall() - options_.keep_age);
  return {};
}

void AccountingWriter::Impl::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void AccountingWriter::Impl::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool done = trouble_.note(run_once()).has_value();
    if (done) log_.wait_past(reader_.cursor(), options_.commit_interval);
    lock.lock();
    if (!done) stop_.wait_for(lock, kRetryInterval, [this] { return stopping_; });
  }
}

void AccountingWriter::Impl::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  stop_.notify_all();
  log_.wake();
  if (thread_.joinable()) thread_.join();
  log_.flush();
  if (trouble_.note(run_once())) trouble_.note(commit());
}

Health AccountingWriter::Impl::health() const {
  std::string reason = trouble_.reason();
  const bool ok = reason.empty();
  return {ok, std::move(reason)};
}

AccountingStats AccountingWriter::Impl::stats() const {
  AccountingStats stats;
  stats.events = events_;
  stats.records = written_;
  stats.files = finished_;
  stats.missed_bytes = missed_bytes_;
  stats.bad_lines = bad_lines_;
  const Offset end = log_.end();
  stats.behind_bytes = end - std::min<Offset>(end, place_);
  return stats;
}

Result<std::unique_ptr<AccountingWriter>> AccountingWriter::open(EventLog& log, const Clock& clock,
                                                                 AccountingOptions options) {
  auto columns = find_columns(options);
  if (!columns) return fail(columns.error());
  const auto stored = log.load_cursor(options.cursor);
  if (!stored) return fail(stored.error());
  std::optional<AccountingPlace> place;
  if (*stored) {
    place = parse_place((*stored)->note);
    if (!place) return fail(Errc::Damaged, "the stored state \"" + options.cursor + "\" is not one of accounting");
  }
  auto files = AccountingFiles::open(options.dir, options.prefix, place, header_record(*columns));
  if (!files) return fail(files.error());
  const Offset cursor = *stored ? (*stored)->offset : log.begin();
  auto impl = std::make_unique<Impl>(log, clock, std::move(options), std::move(*columns), std::move(*files), cursor);
  // Before the first file, so that a crash at any time finds a state that says which files count.
  if (!*stored) {
    if (auto done = impl->store(false); !done) return fail(done.error());
  }
  return std::unique_ptr<AccountingWriter>(new AccountingWriter(std::move(impl)));
}

AccountingWriter::AccountingWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccountingWriter::~AccountingWriter() {
  stop();
}
void AccountingWriter::start() {
  impl_->start();
}
void AccountingWriter::stop() {
  impl_->stop();
}
Result<> AccountingWriter::run_once() {
  return impl_->run_once();
}
Result<> AccountingWriter::commit() {
  return impl_->commit();
}
Result<> AccountingWriter::rotate() {
  return impl_->rotate();
}
Health AccountingWriter::health() const {
  return impl_->health();
}
AccountingStats AccountingWriter::stats() const {
  return impl_->stats();
}

}  // namespace penstock::eventlog
