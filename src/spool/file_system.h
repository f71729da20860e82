// SPDX-License-Identifier: Apache-2.0
// FileSystem: the seam through which the spool reaches the disk.
//
// PosixFileSystem is the real one. MemoryFileSystem keeps everything in memory and fails on demand: it loses what was
// not synced, writes short, runs full, gives I/O errors and refuses renames. Paths are those of the operating system.
// Threads: any, for all three classes. Errors: errno values in std::system_category, with the path in the detail.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::spool {

// The front of a file as memory. What is stored there outlives the process at once, as a write that is not synced; a
// power cut leaves any part of it. Ended by the destructor.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] virtual std::span<char> bytes() = 0;  // aligned for any type
};

// An open file. Reads and writes name their offset; there is no position. Closed by the destructor.
class File {
 public:
  virtual ~File() = default;
  // Fills `into` as far as the file goes and returns how much that was.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) = 0;
  // Writes the parts one after the other; done only when all are written. After an error any prefix may be there.
  [[nodiscard]] virtual Result<> write_at(std::uint64_t offset, std::span<const std::string_view> parts) = 0;
  // Makes the contents durable (fdatasync). After an error what was written before may be lost; never call it again in
  // the hope of another answer, because the system forgets which pages failed.
  [[nodiscard]] virtual Result<> sync() = 0;
  // Reserves room, so that later writes below `size` cannot run out of space. The file becomes that long.
  [[nodiscard]] virtual Result<> allocate(std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
  // The first `bytes` as memory. They must have been written: a store where the disk has no room ends the process.
  // While a mapping is there, nobody may read or write that part of the file by other ways.
  [[nodiscard]] virtual Result<std::unique_ptr<Mapping>> map(std::uint64_t bytes) = 0;
};

// Held by one process at a time; given up by the destructor, or by the system when the process ends.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

enum class OpenMode : std::uint8_t { Read, ReadWrite, Create };  // Create: ReadWrite, made if absent, kept if present

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Makes the folder if it is not there, durably; its parent must be.
  [[nodiscard]] virtual Result<> make_folder(const std::string& path) = 0;
  // Names of the files in it, sorted. A missing folder is an error.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // Replaces what is at `to`. Durable only after sync_folder().
  [[nodiscard]] virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<> remove(const std::string& path) = 0;
  // Makes names durable: files made, renamed or removed in it.
  [[nodiscard]] virtual Result<> sync_folder(const std::string& folder) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const std::string& folder) = 0;
  // Errc::Locked when somebody else holds it.
  [[nodiscard]] virtual Result<std::unique_ptr<FolderLock>> lock(const std::string& path) = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<> make_folder(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Result<> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<> remove(const std::string& path) override;
  [[nodiscard]] Result<> sync_folder(const std::string& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::string& folder) override;
  [[nodiscard]] Result<std::unique_ptr<FolderLock>> lock(const std::string& path) override;
};

// The whole of a file, or an error; at most `bytes_max`.
[[nodiscard]] Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t bytes_max);
// Writes a file so that after a crash either the old or the new contents are there: a new file, sync, rename, sync.
[[nodiscard]] Result<> replace_file(FileSystem& files, const std::string& folder, const std::string& name,
                                    std::string_view contents);

}  // namespace penstock::spool
