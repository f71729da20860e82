// SPDX-License-Identifier: Apache-2.0
// FinalNotes: who is finished, written down the moment it is known, so that a killed process has not forgotten it.
//
// A Final record waits for the next batch. Until then this small file, mapped into memory, remembers the recipient: a
// store there outlives the process at once, but not a power cut. Notes are facts that stay true, so they are never
// taken back: the file is a ring, written over, and a start may read any part of it, old or new.
//
// Use:    FinalNotes notes(files, dir, bytes);   for (id : notes.found()) …   notes.add(id);
// Cost:   add() is a checksum and two stores, without a lock or a call into the system; 16 bytes for a recipient.
// Threads: add() any; the rest by the one that opens the spool.
// Errors: none. Where the file cannot be made or mapped this is logged, and a kill repeats what it always could.
// See: docs/formats/spool.md, "Notes of what is finished".
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/ids.h"
#include "spool/file_system.h"

namespace penstock::spool {

class FinalNotes {
 public:
  static constexpr const char* kFileName = "finals.notes";
  static constexpr std::uint64_t kBytesMax = 256U << 10;

  // `bytes` is a multiple of 4096, at most kBytesMax. A file of another size is used as far as it goes, and enlarged.
  FinalNotes(FileSystem& files, const std::string& dir, std::uint64_t bytes);
  // What the file held when it was opened, in no order; cleared by forget_found().
  [[nodiscard]] const std::vector<model::RecipientId>& found() const { return found_; }
  void forget_found() { found_ = {}; }
  void add(std::span<const model::RecipientId> finals);

 private:
  [[nodiscard]] Result<> open(FileSystem& files, const std::string& dir, std::uint64_t bytes);

  std::unique_ptr<File> file_;
  std::unique_ptr<Mapping> mapping_;
  std::span<std::uint64_t> words_;  // two for a note; empty without a mapping
  std::atomic<std::uint64_t> next_{0};
  std::vector<model::RecipientId> found_;
};

// The notes in a folder that nobody has open; none where there is no such file.
[[nodiscard]] std::vector<model::RecipientId> read_final_notes(FileSystem& files, const std::string& dir);

}  // namespace penstock::spool
