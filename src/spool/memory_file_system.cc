// SPDX-License-Identifier: Apache-2.0
#include "spool/memory_file_system.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "spool/errc.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

class MemoryFileSystem::MemoryMapping final : public Mapping {
 public:
  MemoryMapping(MemoryFileSystem& disk, std::shared_ptr<Contents> contents)
      : disk_(disk), contents_(std::move(contents)), memory_(contents_->mapped) {}
  ~MemoryMapping() override {
    const std::lock_guard lock(disk_.mutex_);
    if (contents_->mapped == memory_) unmap(*contents_);
  }
  std::span<char> bytes() override { return *memory_; }

 private:
  MemoryFileSystem& disk_;
  const std::shared_ptr<Contents> contents_;
  const std::shared_ptr<std::string> memory_;
};

class MemoryFileSystem::OpenFile final : public File {
 public:
  OpenFile(MemoryFileSystem& disk, std::shared_ptr<Contents> contents, std::string path)
      : disk_(disk), contents_(std::move(contents)), path_(std::move(path)), opening_(disk.opening_) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.dark_) return fail_errno(EIO, "reading " + path_);
    if (const int error = trouble(disk_.read_fault_)) return fail_errno(error, "reading " + path_);
    const std::string& from = contents_->written;
    if (offset >= from.size()) return std::size_t{0};
    const std::size_t n = std::min<std::uint64_t>(into.size(), from.size() - offset);
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
    return n;
  }

  Result<> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    const std::lock_guard lock(disk_.mutex_);
    std::string bytes;
    for (const auto part : parts) bytes.append(part);
    if (disk_.dark_) return fail_errno(EIO, "writing " + path_);
    // The write at which the power fails may reach the disk as any other that was not synced.
    const bool dark = disk_.dark_locked();
    int error = dark ? 0 : trouble(disk_.write_fault_);
    if (error != 0) bytes.resize(static_cast<std::size_t>(static_cast<double>(bytes.size()) * disk_.short_share_));
    const std::uint64_t end = offset + bytes.size();
    const std::uint64_t growth = end > contents_->written.size() ? end - contents_->written.size() : 0;
    if (error == 0 && growth > disk_.capacity_ - std::min<std::uint64_t>(disk_.capacity_, disk_.used_locked())) {
      error = ENOSPC;
      bytes.clear();
    }
    if (opening_ == disk_.opening_ && !bytes.empty()) {
      put(contents_->written, offset, bytes);
      contents_->unsynced.push_back({offset, std::move(bytes)});
    }
    if (dark) error = EIO;
    if (error != 0) return fail_errno(error, "writing " + path_);
    return {};
  }

  Result<> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    ++disk_.syncs_;
    if (disk_.dark_locked()) return fail_errno(EIO, "syncing " + path_);
    const int error = trouble(disk_.sync_fault_);
    if (opening_ == disk_.opening_) {
      if (error == 0) {
        for (const Write& write : contents_->unsynced) put(contents_->durable, write.offset, write.bytes);
      }
      contents_->unsynced.clear();
    }
    if (error != 0) return fail_errno(error, "syncing " + path_);
    return {};
  }

  Result<> allocate(std::uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.dark_locked()) return fail_errno(EIO, "reserving room for " + path_);
    if (const int error = trouble(disk_.write_fault_)) return fail_errno(error, "reserving room for " + path_);
    const std::uint64_t now = contents_->written.size();
    if (size > now && disk_.used_locked() + (size - now) > disk_.capacity_) {
      return fail_errno(ENOSPC, "reserving room for " + path_);
    }
    if (size > now) put(contents_->written, size, {});
    if (size > contents_->durable.size()) contents_->durable.resize(size);
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(disk_.mutex_);
    return contents_->written.size();
  }

  Result<std::unique_ptr<Mapping>> map(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.dark_) return fail_errno(EIO, "mapping " + path_);
    if (const int error = trouble(disk_.read_fault_)) return fail_errno(error, "mapping " + path_);
    PENSTOCK_CHECK(!contents_->mapped && bytes <= contents_->written.size());
    contents_->mapped = std::make_shared<std::string>(contents_->written.substr(0, bytes));
    return std::make_unique<MemoryMapping>(disk_, contents_);
  }

 private:
  int trouble(Fault& fault) const {
    if (opening_ != disk_.opening_) return EIO;
    return fault.next();
  }

  MemoryFileSystem& disk_;
  std::shared_ptr<Contents> contents_;
  std::string path_;
  std::uint64_t opening_;
};

class MemoryFileSystem::HeldLock final : public FolderLock {
 public:
  HeldLock(MemoryFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)), opening_(disk.opening_) {}
  ~HeldLock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (opening_ == disk_.opening_) disk_.locks_.erase(path_);
  }

 private:
  MemoryFileSystem& disk_;
  std::string path_;
  std::uint64_t opening_;
};

int MemoryFileSystem::Fault::next() {
  if (!operations_left) return 0;
  if (*operations_left == 0) return error_number;
  --*operations_left;
  return 0;
}

void MemoryFileSystem::put(std::string& into, std::uint64_t offset, std::string_view bytes) {
  if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), into.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::uint64_t MemoryFileSystem::used_locked() const {
  std::uint64_t used = 0;
  for (const auto& [name, contents] : names_) used += contents->written.size();
  return used;
}

void MemoryFileSystem::end_openings() {
  for (const auto& [name, contents] : names_) unmap(*contents);
  ++opening_;
  locks_.clear();
}

bool MemoryFileSystem::dark_locked() {
  if (changes_left_ && !dark_) {
    if (*changes_left_ == 0) {
      dark_ = true;
    } else {
      --*changes_left_;
    }
  }
  return dark_;
}

void MemoryFileSystem::power_fails_after(std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  changes_left_ = changes;
}
bool MemoryFileSystem::powered() const {
  const std::lock_guard lock(mutex_);
  return !dark_;
}

void MemoryFileSystem::unmap(Contents& contents) {
  if (!contents.mapped) return;
  put(contents.written, 0, *contents.mapped);
  contents.unsynced.push_back({0, *contents.mapped});  // copied: stores into a dead mapping go on, to no effect
  contents.mapped.reset();
}

// What of a file's unsynced writes reached the disk: all, nothing, or here and there a sector.
void MemoryFileSystem::settle(Contents& contents, Rng& rng) {
  const std::uint64_t kept_of_4 = rng.below(5);
  for (const Write& write : contents.unsynced) {
    for (std::uint64_t at = 0; at < write.bytes.size();) {
      // Sectors are kept or lost one by one, at the places the disk has them.
      const std::uint64_t here = write.offset + at;
      const std::uint64_t length = std::min(kSectorBytes - here % kSectorBytes, write.bytes.size() - at);
      if (rng.below(4) < kept_of_4) put(contents.durable, here, std::string_view(write.bytes).substr(at, length));
      at += length;
    }
  }
  contents.unsynced.clear();
  contents.written = contents.durable;
}

void MemoryFileSystem::power_cut(Rng& rng) {
  const std::lock_guard lock(mutex_);
  end_openings();
  changes_left_.reset();
  dark_ = false;
  // Names first: one that was not synced may be lost, or may have reached the disk by itself.
  Names left = durable_names_;
  for (const auto& [name, contents] : names_) {
    const auto durable = durable_names_.find(name);
    const bool synced = durable != durable_names_.end() && durable->second == contents;
    if (!synced && rng.below(2) == 0) left[name] = contents;
  }
  for (const auto& [name, contents] : durable_names_) {
    if (!names_.contains(name) && rng.below(2) == 0) left.erase(name);
  }
  for (const auto& [name, contents] : left) settle(*contents, rng);
  names_ = left;
  durable_names_ = std::move(left);
}

void MemoryFileSystem::kill() {
  const std::lock_guard lock(mutex_);
  end_openings();
}

void MemoryFileSystem::fail_writes_after(std::uint64_t operations, int error_number) {
  const std::lock_guard lock(mutex_);
  write_fault_ = {operations, error_number};
}
void MemoryFileSystem::fail_syncs_after(std::uint64_t operations, int error_number) {
  const std::lock_guard lock(mutex_);
  sync_fault_ = {operations, error_number};
}
void MemoryFileSystem::fail_reads_after(std::uint64_t operations, int error_number) {
  const std::lock_guard lock(mutex_);
  read_fault_ = {operations, error_number};
}
void MemoryFileSystem::fail_renames(int error_number) {
  const std::lock_guard lock(mutex_);
  rename_fault_ = {0, error_number};
}
void MemoryFileSystem::heal() {
  const std::lock_guard lock(mutex_);
  write_fault_ = sync_fault_ = read_fault_ = rename_fault_ = {};
}

std::uint64_t MemoryFileSystem::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_locked();
}

std::string MemoryFileSystem::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  PENSTOCK_CHECK(found != names_.end());
  return found->second->written;
}

void MemoryFileSystem::set_contents(const std::string& path, std::string contents) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  PENSTOCK_CHECK(found != names_.end());
  found->second->unsynced.clear();
  found->second->durable = contents;
  found->second->written = std::move(contents);
}

bool MemoryFileSystem::has(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  if (dark_) return fail_errno(EIO, "opening " + path);
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (mode != OpenMode::Create || !folders_.contains(folder_of(path))) return fail_errno(ENOENT, "opening " + path);
    if (dark_locked()) return fail_errno(EIO, "making " + path);
    found = names_.emplace(path, std::make_shared<Contents>()).first;
  }
  return std::make_unique<OpenFile>(*this, found->second, path);
}

Result<> MemoryFileSystem::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (dark_locked()) return fail_errno(EIO, "making " + path);
  folders_.insert(path);
  return {};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (dark_) return fail_errno(EIO, "listing " + folder);
  if (!folders_.contains(folder)) return fail_errno(ENOENT, "listing " + folder);
  std::vector<std::string> names;
  for (const auto& [path, contents] : names_) {
    if (folder_of(path) == folder) names.push_back(path.substr(folder.size() + 1));
  }
  return names;
}

Result<> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (dark_locked()) return fail_errno(EIO, "renaming " + from);
  if (const int error = rename_fault_.next()) return fail_errno(error, "renaming " + from + " to " + to);
  const auto found = names_.find(from);
  if (found == names_.end()) return fail_errno(ENOENT, "renaming " + from);
  names_[to] = found->second;
  names_.erase(from);
  return {};
}

Result<> MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (dark_locked()) return fail_errno(EIO, "removing " + path);
  if (names_.erase(path) == 0) return fail_errno(ENOENT, "removing " + path);
  return {};
}

Result<> MemoryFileSystem::sync_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (dark_locked()) return fail_errno(EIO, "syncing " + folder);
  if (const int error = sync_fault_.next()) return fail_errno(error, "syncing " + folder);
  std::erase_if(durable_names_, [&](const auto& entry) { return folder_of(entry.first) == folder; });
  for (const auto& [path, contents] : names_) {
    if (folder_of(path) == folder) durable_names_[path] = contents;
  }
  return {};
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (!folders_.contains(folder)) return fail_errno(ENOENT, "asking for the room at " + folder);
  const std::uint64_t used = used_locked();
  return capacity_ > used ? capacity_ - used : std::uint64_t{0};
}

Result<std::unique_ptr<FolderLock>> MemoryFileSystem::lock(const std::string& path) {
  const std::lock_guard guard(mutex_);
  if (!locks_.insert(path).second) return fail(Errc::Locked, path + " is locked by another process");
  return std::make_unique<HeldLock>(*this, path);
}

}  // namespace penstock::spool
