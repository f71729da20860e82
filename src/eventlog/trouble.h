// SPDX-License-Identifier: Apache-2.0
// Trouble: something that fails and may work again. Logs when it begins and when it ends, keeps the reason between.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace penstock::eventlog {

class Trouble {
 public:
  // `what` fails: "writing the event log".
  explicit Trouble(std::string what) : what_(std::move(what)) {}

  // Notes the result of a try, and passes it on.
  template <class T>
  const Result<T>& note(const Result<T>& result) {
    const std::lock_guard lock(mutex_);
    if (!result) {
      ++failures_;
      std::string reason = what_ + " fails: " + result.error().to_string();
      if (reason_ != reason) log::error("eventlog", "{}", reason);
      reason_ = std::move(reason);
    } else if (!reason_.empty()) {
      log::info("eventlog", "{} works again", what_);
      reason_.clear();
    }
    return result;
  }
  // Empty: all is well.
  [[nodiscard]] std::string reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }
  [[nodiscard]] std::uint64_t failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  const std::string what_;
  mutable std::mutex mutex_;
  std::string reason_;          // guarded by mutex_
  std::uint64_t failures_ = 0;  // guarded by mutex_
};

}  // namespace penstock::eventlog
