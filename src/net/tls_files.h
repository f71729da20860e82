// SPDX-License-Identifier: Apache-2.0
// TlsFiles: a server's TlsContext that follows its files: a renewed certificate is used within kLook, without a reload.
//
// Files that cannot be used leave the context as it was; that is logged once for each change.
// Threads: any.   Costs: current() takes a lock; every kLook it looks at the files' times.
#pragma once

#include <array>
#include <ctime>
#include <mutex>

#include "base/clock.h"
#include "net/tls_context.h"

namespace penstock::net {

class TlsFiles {
 public:
  static constexpr Duration kLook{std::chrono::seconds{5}};

  explicit TlsFiles(TlsServerFiles files) : files_(std::move(files)) {}
  // nullptr: the files were never good.
  [[nodiscard]] TlsContextPtr current(Time now);

 private:
  using Stamp = std::array<std::int64_t, 9>;  // time and inode of each file
  [[nodiscard]] Stamp stamp() const;

  const TlsServerFiles files_;
  std::mutex mutex_;
  Time next_look_{};
  Stamp seen_{};
  TlsContextPtr context_;
};

}  // namespace penstock::net
