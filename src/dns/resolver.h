// SPDX-License-Identifier: Apache-2.0
// Resolver: the seam through which DNS comes in. UnboundResolver asks the network, CachedResolver remembers,
// FakeResolver is scripted.
//
// Use:  Result<AnswerPtr> got = co_await resolver.lookup(shard, {"example.com", RecordType::Mx});
//       if (got && (*got)->status == Status::Found) for (const Record& r : (*got)->records) …
// Threads: ask() and lookup() on the shard given; different shards may use one resolver at the same time.
// Errors: BadName, Full, Stopped, Library. DNS trouble is an Answer.   Every look-up ends: each resolver has a
// deadline.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "dns/answer.h"
#include "dns/errc.h"
#include "net/shard.h"
#include "net/task.h"

namespace penstock::dns {

class Resolver {
 public:
  using Done = std::function<void(Result<AnswerPtr>)>;
  virtual ~Resolver() = default;

  // Calls `done` exactly once, on `shard`, perhaps before ask() returns. The shard must outlive the look-up.
  virtual void ask(net::Shard& shard, Question question, Done done) = 0;

  // As a coroutine on the same shard; costs no suspension when the answer is at hand.
  net::Task<Result<AnswerPtr>> lookup(net::Shard& shard, Question question);
  // All at once; answers in the order of the questions. Takes as long as the slowest.
  net::Task<std::vector<Result<AnswerPtr>>> lookup_all(net::Shard& shard, std::vector<Question> questions);
};

}  // namespace penstock::dns
