// SPDX-License-Identifier: Apache-2.0
// Which references were acted on, and for what: a report that comes again is counted, not acted on twice.
//
// Use:  auto used = UsedReferences::open(data_dir + "/reference.used");
//       if (!(*used)->take({recipient, ReportKind::Bounce})) evidence.used_before = true;
// Kept in a file of 16-byte records (id, index, kind, 3 bytes of CRC-32C), appended and not synced: what a power cut
// loses makes one report count as new, and what it asks for is there already. Bounded: the newest kUsedMax to
// 2 × kUsedMax are remembered, in two files of which the older one ("….old") goes when the newer is full. A damaged
// record is passed over.
// Owns: the file. Threads: one at a time. Errors: what the operating system says, at open; later failures to write are
// told by failed() and cost only the memory across a restart.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "model/ids.h"
#include "report/reading.h"

namespace penstock::feedback {

class UsedReferences {
 public:
  static constexpr std::size_t kUsedMax = 500'000;

  [[nodiscard]] static Result<std::unique_ptr<UsedReferences>> open(std::string path, std::size_t used_max = kUsedMax);
  ~UsedReferences();
  UsedReferences(const UsedReferences&) = delete;
  UsedReferences& operator=(const UsedReferences&) = delete;

  [[nodiscard]] bool contains(model::RecipientId recipient, report::ReportKind kind) const;
  // Remembers it; false when it was known.
  bool take(model::RecipientId recipient, report::ReportKind kind);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  UsedReferences(std::string path, std::size_t used_max) : path_(std::move(path)), used_max_(used_max) {}
  Result<void> start();
  static Result<void> load(const std::string& path, std::unordered_set<std::uint64_t>& into);
  void rotate();

  const std::string path_;
  const std::size_t used_max_;
  std::unordered_set<std::uint64_t> newer_;
  std::unordered_set<std::uint64_t> older_;
  int file_ = -1;
  bool failed_ = false;
};

}  // namespace penstock::feedback
