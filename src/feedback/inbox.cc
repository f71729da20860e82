// SPDX-License-Identifier: Apache-2.0
#include "feedback/inbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/crc32c.h"
#include "base/log.h"
#include "feedback/errc.h"

namespace penstock::feedback {
namespace {

constexpr std::size_t kHeadBytes = 8;
constexpr std::uint32_t kPayloadBytesMax = 1U << 30;

void put32(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}
std::uint32_t get32(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  return number;
}

std::string record_of(const IncomingReport& report) {
  const std::string payload = encode_report(report);
  std::string record;
  record.reserve(kHeadBytes + payload.size());
  put32(record, static_cast<std::uint32_t>(payload.size()));
  put32(record, crc32c(payload));
  return record += payload;
}

Result<> write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : ENOSPC, path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// False at the end of the file or at a record that is not whole.
bool read_record(int file, std::string& payload) {
  std::string head(kHeadBytes, '\0');
  if (::read(file, head.data(), head.size()) != static_cast<ssize_t>(head.size())) return false;
  const std::uint32_t size = get32(head);
  if (size > kPayloadBytesMax) return false;
  payload.assign(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(file, payload.data() + have, size - have);
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return crc32c(payload) == get32(std::string_view(head).substr(4));
}

}  // namespace

Inbox::Inbox(std::string folder, Handle handle, InboxLimits limits)
    : path_(std::move(folder) + "/inbox.log"), handle_(std::move(handle)), limits_(limits) {}

Result<std::unique_ptr<Inbox>> Inbox::open(std::string folder, Handle handle, InboxLimits limits) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, folder);
  std::unique_ptr<Inbox> inbox(new Inbox(folder, std::move(handle), limits));
  if (auto started = inbox->start(); !started) return fail(started.error());
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    (void)::fsync(directory);
    ::close(directory);
  }
  return inbox;
}

Inbox::~Inbox() {
  stop();
  if (file_ >= 0) ::close(file_);
}

Result<> Inbox::start() {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return fail_errno(errno, path_);
  if (auto recovered = recover(); !recovered) return recovered;
  writer_ = std::thread([this] { write_loop(); });
  handler_ = std::thread([this] { handle_loop(); });
  return {};
}

Result<> Inbox::recover() {
  std::string payload;
  off_t whole = 0;
  while (read_record(file_, payload)) {
    whole += static_cast<off_t>(kHeadBytes + payload.size());
    IncomingReport report;
    if (!decode_report(payload, report)) continue;
    memory_bytes_ += kHeadBytes + payload.size();
    to_handle_.push_back(std::move(report));
  }
  waiting_ = to_handle_.size();
  file_bytes_ = static_cast<std::uint64_t>(whole);
  if (::ftruncate(file_, whole) != 0 || ::lseek(file_, whole, SEEK_SET) < 0) return fail_errno(errno, path_);
  return {};
}

void Inbox::submit(IncomingReport report, Durable durable) {
  Submitted submitted{std::move(report), {}, std::move(durable)};
  submitted.record = record_of(submitted.report);
  const std::uint64_t size = submitted.record.size();
  {
    const std::lock_guard lock(mutex_);
    const bool full = memory_bytes_ + size > limits_.waiting_bytes_max || file_bytes_ + size > limits_.file_bytes_max;
    if (!full && !broken_ && !stopping_) {
      memory_bytes_ += size;
      file_bytes_ += size;
      to_write_.push_back(std::move(submitted));
      submitted_.notify_one();
      return;
    }
  }
  submitted.durable(fail(Errc::InboxFull, path_));
}

Result<> Inbox::append(const std::vector<Submitted>& batch) {
  std::string bytes;
  for (const Submitted& submitted : batch) bytes += submitted.record;
  const off_t before = ::lseek(file_, 0, SEEK_CUR);
  Result<> written = write_all(file_, bytes, path_);
  if (written && ::fdatasync(file_) != 0) written = fail_errno(errno, path_);
  // What was not acknowledged must not come back as if it had been.
  if (!written && before >= 0) {
    (void)!::ftruncate(file_, before);
    (void)::lseek(file_, before, SEEK_SET);
  }
  return written;
}

void Inbox::write_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    submitted_.wait(lock, [this] { return stopping_ || !to_write_.empty() || (file_bytes_ > 0 && waiting_ == 0); });
    if (to_write_.empty() && stopping_) return;
    if (to_write_.empty()) {
      empty_file_when_done();
      if (broken_) return;
      continue;
    }
    std::vector<Submitted> batch = std::move(to_write_);
    to_write_.clear();
    lock.unlock();
    const Result<> durable = append(batch);
    lock.lock();
    if (durable) {
      for (Submitted& submitted : batch) to_handle_.push_back(std::move(submitted.report));
      waiting_ += batch.size();
      durable_.notify_one();
    } else {
      log::error("feedback", "reports cannot be kept: {}", durable.error().to_string());
      broken_ = true;
    }
    lock.unlock();
    for (Submitted& submitted : batch) submitted.durable(durable);
    lock.lock();
  }
}

// Called with the lock held and nothing to write; the lock keeps submissions out for the moment it takes.
void Inbox::empty_file_when_done() {
  if (::ftruncate(file_, 0) != 0 || ::lseek(file_, 0, SEEK_SET) != 0) {
    log::error("feedback", "cannot empty {}", path_);
    broken_ = true;
    return;
  }
  file_bytes_ = 0;
}

void Inbox::handle_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    durable_.wait(lock, [this] { return stopping_ || !to_handle_.empty(); });
    if (stopping_) return;
    std::vector<IncomingReport> reports;
    std::uint64_t bytes = 0;
    while (!to_handle_.empty() && reports.size() < kHandledMax && bytes < kHandledBytes) {
      reports.push_back(std::move(to_handle_.front()));
      to_handle_.pop_front();
      bytes += kHeadBytes + encoded_size(reports.back());
    }
    lock.unlock();
    handle_(reports);
    lock.lock();
    memory_bytes_ -= std::min(memory_bytes_, bytes);
    if ((waiting_ -= reports.size()) == 0) submitted_.notify_one();
  }
}

void Inbox::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  submitted_.notify_all();
  durable_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (handler_.joinable()) handler_.join();
}

}  // namespace penstock::feedback
