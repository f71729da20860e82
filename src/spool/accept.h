// SPDX-License-Identifier: Apache-2.0
// How a message is handed to the spool, and how the answer comes back.
//
// Use:  spool.accept({.envelope = …, .body = …, .done = AcceptHandler([](Result<MessageId> r) { … }), .port = &port});
//
// The spool answers many messages at once, after one sync. With a port, it calls port->completed() once per batch with
// all of that port's answers; a shard's port posts one task that runs them: no wake-up per message. Without a port each
// handler runs on the spool's writer thread, which must not be held up.
// Threads: plain values; handlers run where said above, exactly once each, also when the spool fails or closes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/envelope.h"
#include "model/ids.h"

namespace penstock::spool {

// A move-only callback that takes Result<MessageId>. Success means durable: answer 250 then, not before.
class AcceptHandler {
 public:
  AcceptHandler() = default;
  template <class Function>
  explicit AcceptHandler(Function function) : call_(std::make_unique<Holder<Function>>(std::move(function))) {}
  explicit operator bool() const { return call_ != nullptr; }
  // Requires a handler; it is gone afterwards.
  void operator()(Result<model::MessageId> result) { std::exchange(call_, nullptr)->run(std::move(result)); }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual void run(Result<model::MessageId> result) = 0;
  };
  template <class Function>
  struct Holder final : Call {
    explicit Holder(Function function) : function_(std::move(function)) {}
    void run(Result<model::MessageId> result) override { function_(std::move(result)); }
    Function function_;
  };
  std::unique_ptr<Call> call_;
};

// One answer, waiting to be run.
struct Completion {
  AcceptHandler handler;
  Result<model::MessageId> result;
  void run() { handler(std::move(result)); }
};

// Where a shard wants its answers. completed() is called on the writer thread, or, when the spool refuses at once, on
// the thread that called accept(); it must not block. The port must outlive the spool's close().
class CompletionPort {
 public:
  virtual ~CompletionPort() = default;
  virtual void completed(std::vector<Completion>&& batch) = 0;
};

struct AcceptRequest {
  model::Envelope envelope;  // id: none, or one from Spool::make_id(); at least one recipient; body_bytes is filled in
  std::shared_ptr<const std::string> body;  // the finished message; never changed again
  AcceptHandler done;
  CompletionPort* port = nullptr;
};

}  // namespace penstock::spool
