// SPDX-License-Identifier: Apache-2.0
#include "feedback/used_references.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/crc32c.h"

namespace penstock::feedback {
namespace {

constexpr std::size_t kRecordBytes = 16;
constexpr std::size_t kCheckedBytes = 13;
using Record = std::array<char, kRecordBytes>;

// Ids grow by one, so 64 bits hold id, index and kind without a clash worth the name: the mix is one to one in the id.
std::uint64_t key_of(model::RecipientId recipient, report::ReportKind kind) {
  std::uint64_t key = recipient.message.value * 0x9E3779B97F4A7C15ULL;
  key ^= static_cast<std::uint64_t>(recipient.index) * 0xC2B2AE3D27D4EB4FULL;
  return key ^ static_cast<std::uint64_t>(kind) << 61;
}

Record record_of(std::uint64_t key) {
  Record record{};
  for (std::size_t i = 0; i < 8; ++i) record[i] = static_cast<char>(key >> (8 * i) & 0xFF);
  const std::uint32_t crc = crc32c({record.data(), kCheckedBytes});
  for (std::size_t i = 0; i < 3; ++i) record[kCheckedBytes + i] = static_cast<char>(crc >> (8 * i) & 0xFF);
  return record;
}

std::uint64_t key_of(const Record& record) {
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 8; ++i)
    key |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(record[i])) << (8 * i);
  return key;
}

}  // namespace

Result<std::unique_ptr<UsedReferences>> UsedReferences::open(std::string path, std::size_t used_max) {
  std::unique_ptr<UsedReferences> used(new UsedReferences(std::move(path), used_max));
  if (auto started = used->start(); !started) return fail(started.error());
  return used;
}

UsedReferences::~UsedReferences() {
  if (file_ >= 0) ::close(file_);
}

Result<void> UsedReferences::start() {
  if (auto loaded = load(path_ + ".old", older_); !loaded) return loaded;
  if (auto loaded = load(path_, newer_); !loaded) return loaded;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) return fail_errno(errno, path_);
  // A torn record at the end would shift those that follow.
  const off_t size = ::lseek(file_, 0, SEEK_END);
  if (size >= 0 && size % static_cast<off_t>(kRecordBytes) != 0) {
    (void)!::ftruncate(file_, size - size % static_cast<off_t>(kRecordBytes));
  }
  return {};
}

Result<void> UsedReferences::load(const std::string& path, std::unordered_set<std::uint64_t>& into) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? Result<void>{} : fail_errno(errno, path);
  constexpr std::size_t kChunkRecords = 4096;
  std::string chunk(kChunkRecords * kRecordBytes, '\0');
  for (ssize_t size = 0; (size = ::read(file, chunk.data(), chunk.size())) > 0;) {
    for (std::size_t at = 0; at + kRecordBytes <= static_cast<std::size_t>(size); at += kRecordBytes) {
      Record record;
      std::copy_n(chunk.data() + at, kRecordBytes, record.begin());
      const std::uint64_t key = key_of(record);
      if (record_of(key) == record) into.insert(key);
    }
  }
  ::close(file);
  return {};
}

void UsedReferences::rotate() {
  older_ = std::move(newer_);
  newer_ = {};
  ::close(file_);
  failed_ = ::rename(path_.c_str(), (path_ + ".old").c_str()) != 0 || failed_;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  failed_ = file_ < 0 || failed_;
}

bool UsedReferences::contains(model::RecipientId recipient, report::ReportKind kind) const {
  const std::uint64_t key = key_of(recipient, kind);
  return newer_.contains(key) || older_.contains(key);
}

bool UsedReferences::take(model::RecipientId recipient, report::ReportKind kind) {
  if (contains(recipient, kind)) return false;
  if (newer_.size() >= used_max_) rotate();
  const std::uint64_t key = key_of(recipient, kind);
  newer_.insert(key);
  const Record record = record_of(key);
  failed_ = file_ < 0 || ::write(file_, record.data(), record.size()) != static_cast<ssize_t>(record.size()) || failed_;
  return true;
}

}  // namespace penstock::feedback
