// SPDX-License-Identifier: Apache-2.0
// Which references were acted on, and because of which report: another report with the same one is counted, not acted
// on again; the same report, dealt with once more after a crash, is.
//
// Use:  auto used = UsedReferences::open(writer, clock);
//       if (used->is_used(recipient, kind, report)) evidence.used_before = true;
//       used->take(recipient, kind, report);      // then submit the suppression
// Kept in state.db. take() is submitted before what it stands for, so that it is durable when that is. What is older
// than kKept is forgotten, a slice at a time: references are believed no longer than kReferenceLasts. Threads: one at a
// time.   Errors: of open(), what the store says; later ones are logged: a reference that cannot be looked up counts as
// unused, for what is asked for a second time is there already.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"
#include "report/reading.h"
#include "state/writer.h"

namespace penstock::feedback {

class UsedReferences {
 public:
  static constexpr std::chrono::days kKept{100};

  // Both outlive it; the writer is stopped before it goes.
  [[nodiscard]] static Result<std::unique_ptr<UsedReferences>> open(state::Writer& writer, const Clock& clock);
  ~UsedReferences();
  UsedReferences(const UsedReferences&) = delete;
  UsedReferences& operator=(const UsedReferences&) = delete;

  // Whether it was acted on because of another report than this one.
  [[nodiscard]] bool is_used(model::RecipientId recipient, report::ReportKind kind, std::uint64_t report) const;
  // Never blocks.
  void take(model::RecipientId recipient, report::ReportKind kind, std::uint64_t report);
  // What was asked for could not be done.
  void give_back(model::RecipientId recipient, report::ReportKind kind);

 private:
  struct Pending;
  UsedReferences(state::Writer& writer, const Clock& clock, state::Database reader);
  void forget_old();

  state::Writer& writer_;
  const Clock& clock_;
  mutable state::Database reader_;
  std::shared_ptr<Pending> pending_;  // shared with what the writer has not done yet
  std::uint32_t taken_ = 0;
};

}  // namespace penstock::feedback
