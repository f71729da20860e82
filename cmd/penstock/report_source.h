// SPDX-License-Identifier: Apache-2.0
// Messages out of files: a Maildir, a folder of .eml files, an mbox file, or a single message.
//
// Use:  auto source = ReportSource::open(path);
//       for (std::string message; (*source)->next(message);) use(message);   // (*source)->share() of the bytes is done
// An mbox is told by its first line ("From "); ">From " within is undone (mboxrd). Of a folder every file counts, below
// it too, except hidden ones and those in a folder "tmp". One message is in memory at a time; longer ones than
// kMessageBytesMax are cut. A file that cannot be read is passed over and counted.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace penstock::cli {

class ReportSource {
 public:
  static constexpr std::size_t kMessageBytesMax = 8 << 20;

  [[nodiscard]] static Result<std::unique_ptr<ReportSource>> open(const std::string& path);
  // False at the end.
  bool next(std::string& message);
  [[nodiscard]] double share() const;
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

 private:
  ReportSource() = default;
  bool open_next_file();
  void take_line(std::string& message, const std::string& line);

  std::vector<std::string> files_;
  std::size_t next_file_ = 0;
  std::ifstream file_;
  bool mbox_ = false;
  std::uint64_t bytes_ = 0;       // of all files
  std::uint64_t bytes_done_ = 0;  // of lines read
  std::uint64_t unreadable_ = 0;
};

}  // namespace penstock::cli
