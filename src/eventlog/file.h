// SPDX-License-Identifier: Apache-2.0
// File: an open file by descriptor, and the few acts on folders that the log needs. Errors are the system's, with the
// path in their detail.   Threads: read_at() and sync() any; the rest one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::eventlog {

class File {
 public:
  static Result<File> open_to_read(std::string path);
  // Made if it is not there.
  static Result<File> open_to_write(std::string path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  // Reads until `bytes` are there or the file ends.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t bytes) const;
  // Replaces `out` by up to `bytes` read at `offset`.
  Result<> read_at(std::uint64_t offset, std::size_t bytes, std::string& out) const;
  // All of it, or an error after a part of it.
  Result<> write_at(std::uint64_t offset, std::string_view bytes);
  Result<> truncate(std::uint64_t bytes);
  Result<> sync() const;
  // False when another process holds it. Given up with the file.
  [[nodiscard]] bool lock();
  [[nodiscard]] Result<std::uint64_t> size() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

[[nodiscard]] Result<std::string> read_file(const std::string& path);
// Whole or not at all, also over a power cut: PATH.new, sync, rename, sync of the folder.
Result<> write_file(const std::string& path, std::string_view contents);
Result<> make_folder(const std::string& path);
[[nodiscard]] Result<std::vector<std::string>> list_folder(const std::string& path);
Result<> sync_folder(const std::string& path);
Result<> rename_file(const std::string& from, const std::string& to);
// Absent is fine.
Result<> remove_file(const std::string& path);

// Whether the system says that there is no such file.
[[nodiscard]] inline bool is_absent(const Error& error) {
  return error.code == std::errc::no_such_file_or_directory;
}

// Letters, digits, "-" and "_", 1 to 64 of them: safe in a path.
[[nodiscard]] bool is_plain_name(std::string_view name);

}  // namespace penstock::eventlog
