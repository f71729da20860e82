// SPDX-License-Identifier: Apache-2.0
// ShardPort: brings the spool's answers back to the shard that asked: one post for a whole batch.
// Threads: completed() on the spool's thread or the asker's; the handlers run on the shard.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "net/shard.h"
#include "spool/accept.h"

namespace penstock::app {

class ShardPort final : public spool::CompletionPort {
 public:
  // Must outlive the port.
  explicit ShardPort(net::Shard& shard) : shard_(shard) {}
  void completed(std::vector<spool::Completion>&& batch) override {
    shard_.post([batch = std::move(batch)]() mutable {
      for (spool::Completion& completion : batch) completion.run();
    });
  }

 private:
  net::Shard& shard_;
};

}  // namespace penstock::app
