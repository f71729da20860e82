// SPDX-License-Identifier: Apache-2.0
// MailFolder: keeps what receivers took as files in a maildir, for tests that look at contents.
//
// A file appears in new/ by rename, complete, with the envelope as X-Sim-… headers in front. Writing blocks the shard:
// it is not for runs that measure speed.   Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sim/receiver_session.h"

namespace penstock::sim {

class MailFolder {
 public:
  explicit MailFolder(std::string path) : path_(std::move(path)) {}
  // Makes the folders cur, new and tmp.
  Result<> create();
  Result<> keep(std::string_view receiver, const Arrival& arrival);

 private:
  const std::string path_;
  std::atomic<std::uint64_t> number_{0};
};

}  // namespace penstock::sim
