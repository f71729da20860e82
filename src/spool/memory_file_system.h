// SPDX-License-Identifier: Apache-2.0
// MemoryFileSystem: a disk in memory that fails on demand, for tests.
//
// It keeps apart what was written and what is durable: a write is durable once its file was synced, a name once its
// folder was. It fails as real disks do: a write that fails may have written a part of itself, and a sync that fails
// forgets the writes it was to make durable; a later sync, though it succeeds, does not bring them back.
//
// Use:  MemoryFileSystem disk;  disk.fail_writes_after(3, ENOSPC);  …  disk.power_cut(rng);  // then open again
// Threads: any. Limits: folders are names only; a path is in its folder by the text before the last '/'.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "spool/file_system.h"

namespace penstock::spool {

class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(std::uint64_t capacity_bytes = 1ULL << 40) : capacity_(capacity_bytes) {}

  // The machine loses power: each unsynced write is kept, lost or kept in part (in sectors of 512 bytes) by chance;
  // names not synced are lost or kept by chance. Every open file and lock is dead: they give EIO from now on.
  void power_cut(Rng& rng);
  // The power goes off at the n-th change of the disk (write, sync, rename, removal …) from here; 0: the very next.
  // Whatever is done from then on gives EIO, until power_cut() shows what was left.
  void power_fails_after(std::uint64_t changes);
  [[nodiscard]] bool powered() const;
  // The process is killed: everything written stays, open files and locks are dead.
  void kill();

  // From now on the n-th operation from here and all after it fail, until heal(). 0: the very next.
  void fail_writes_after(std::uint64_t operations, int error_number);
  void fail_syncs_after(std::uint64_t operations, int error_number);
  void fail_reads_after(std::uint64_t operations, int error_number);
  void fail_renames(int error_number);
  // Failing writes write this share of their bytes first.
  void write_short(double share) { short_share_ = share; }
  void heal();
  // The room in all, and what is taken of it.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  [[nodiscard]] std::uint64_t used_bytes() const;

  // For damage by hand, both in what was written and in what is durable. The file must be there.
  [[nodiscard]] std::string contents(const std::string& path) const;
  void set_contents(const std::string& path, std::string contents);
  [[nodiscard]] bool has(const std::string& path) const;
  // Syncs asked for so far, of files.
  [[nodiscard]] std::uint64_t sync_count() const { return syncs_; }

  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<> make_folder(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Result<> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<> remove(const std::string& path) override;
  [[nodiscard]] Result<> sync_folder(const std::string& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& folder) override;
  [[nodiscard]] Result<std::unique_ptr<FolderLock>> lock(const std::string& path) override;

 private:
  class OpenFile;
  class HeldLock;
  class MemoryMapping;
  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  struct Contents {
    std::string written;                       // what a reader sees
    std::string durable;                       // what a power cut leaves for sure
    std::vector<Write> unsynced;               // in order
    std::shared_ptr<std::string> mapped = {};  // while there is a mapping
  };
  // Counts operations of one kind down to a failure.
  struct Fault {
    std::optional<std::uint64_t> operations_left;
    int error_number = 0;
    // The error this operation fails with; 0: none.
    int next();
  };
  using Names = std::map<std::string, std::shared_ptr<Contents>>;

  static void put(std::string& into, std::uint64_t offset, std::string_view bytes);
  static void settle(Contents& contents, Rng& rng);
  // What was stored in a mapping is written, as a write that is not synced; the mapping is dead.
  static void unmap(Contents& contents);
  [[nodiscard]] std::uint64_t used_locked() const;
  // Counts a change of the disk; true if the power is off, or goes off at this very one.
  bool dark_locked();
  void end_openings();

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  Names names_;          // as the processes see them
  Names durable_names_;  // as a power cut leaves them
  std::set<std::string> folders_;
  std::set<std::string> locks_;
  Fault write_fault_, sync_fault_, read_fault_, rename_fault_;
  std::optional<std::uint64_t> changes_left_;
  bool dark_ = false;
  std::uint64_t opening_ = 0;  // files opened under an earlier number are dead
  // Read by any thread.
  std::atomic<double> short_share_{0};
  std::atomic<std::uint64_t> capacity_;
  std::atomic<std::uint64_t> syncs_{0};
};

}  // namespace penstock::spool
