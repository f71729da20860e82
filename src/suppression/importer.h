// SPDX-License-Identifier: Apache-2.0
// Importer: takes a file or a text of suppressions into the list, however long it is, while mail goes on.
//
// Use:  Importer importer(list, {.path = "/tmp/bounces.csv", .folder = data_dir, .defaults = entry});
//       std::thread([&] { importer.run(); });   …   const ImportStatus status = importer.status();
// In two passes. The first reads lines, sets the bad ones aside and sorts the good ones roughly, by the first bits of
// their hash, into files of some 8 MiB in a folder of its own. The second takes one after the other, sorts it and
// writes it in portions, so that the table's index is written from one end to the other instead of all over the place,
// and single suppressions get their turn in between. Importing the same again changes nothing; of several lines for one
// address and scope the last counts.
// Threads: run() on a thread of the caller's that may block; status() and cancel() from any.
// Errors: in the status; what was written before stays.
// Limits: memory some 40 MiB, or twice the largest of 256 parts for files beyond 2 GiB; disk as large as the file.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "suppression/import_line.h"
#include "suppression/suppression.h"

namespace penstock::suppression {

struct ImportRequest {
  std::string path{};              // a file, or
  std::string text{};              // its content
  std::uint64_t first_line = 1;    // number of the text's first line, when it is a piece of something
  std::optional<Format> format{};  // none: by the first line
  std::string folder{};            // for the parts of large files
  Entry defaults{};                // for what lines do not say
};

struct BadLine {
  std::uint64_t line = 0;  // from 1
  std::string reason;
};

enum class ImportStep : std::uint8_t { Reading, Writing, Done, Failed, Cancelled };

struct ImportStatus {
  static constexpr std::size_t kBadLinesKept = 1'000;
  ImportStep step = ImportStep::Reading;
  double progress = 0;  // 0 to 1
  std::uint64_t lines = 0, good = 0, bad = 0;
  Added added;
  std::vector<BadLine> bad_lines;  // the first ones
  std::string detail;              // why it failed
};

class Importer {
 public:
  Importer(Suppression& list, ImportRequest request);
  ~Importer();
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  void run();
  void cancel() { cancelled_ = true; }
  [[nodiscard]] ImportStatus status() const;

 private:
  class Parts;
  [[nodiscard]] Result<> read(Parts& parts);
  [[nodiscard]] Result<> read_file(Parts& parts);
  void take_line(std::string_view line, Parts& parts);
  void take_record(std::string_view line, std::uint64_t number, Parts& parts);
  void give_up_record(Parts& parts);
  [[nodiscard]] Result<> write(Parts& parts);
  [[nodiscard]] Result<> write_portion(std::vector<Entry> entries);
  void end(ImportStep step, std::string detail);

  Suppression& list_;
  const ImportRequest request_;
  std::optional<LineReader> reader_;
  std::uint64_t line_ = 0;
  bool csv_ = false;
  std::vector<std::string> record_;  // lines of a CSV record with a line break in a field, until it is whole
  std::uint64_t written_ = 0;
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  ImportStatus status_;  // guarded by mutex_
};

}  // namespace penstock::suppression
