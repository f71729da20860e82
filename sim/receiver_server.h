// SPDX-License-Identifier: Apache-2.0
// ReceiverServer: listens for one Receiver on its addresses and drives a ReceiverSession per connection.
//
// Use:  ReceiverServer server(shards, receiver, tally, mail_folder);   if (auto r = server.open(); !r) …;
// server.start(); Ownership: all that is handed over must outlive it. At the end: stop the shards, close(), destroy the
// shards, then this. Threads: open(), start(), take_down(), bring_up() from one thread at a time, which may be a
// shard's. Errors: open() and bring_up() name the address that cannot be had. Limits: 32 KiB of memory per connection.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "net/listener.h"
#include "net/shard.h"
#include "sim/after_sender.h"
#include "sim/mail_folder.h"
#include "sim/provider.h"
#include "sim/receiver.h"
#include "sim/tally.h"

namespace penstock::sim {

class ReceiverServer {
 public:
  struct Parts {
    Tally& tally;
    AfterSender& after;
    MailFolder* mail_folder = nullptr;  // null: contents are not kept
    Provider* provider = nullptr;       // null: one without a personality
  };
  ReceiverServer(net::ShardSet& shards, Receiver& receiver, Parts parts);

  Result<> open();
  void start();
  // Stops listening and resets all connections, as a host that is switched off.
  void take_down();
  // Listens again, on the same ports.
  Result<> bring_up();
  [[nodiscard]] bool is_up() const { return !listeners_.empty(); }
  void close() { listeners_.clear(); }

  [[nodiscard]] Receiver& receiver() { return receiver_; }
  // One per address, with the ports in use.
  [[nodiscard]] const std::vector<net::Endpoint>& endpoints() const { return endpoints_; }

 private:
  class Connection;
  net::Task<> serve(std::unique_ptr<net::Stream> stream);
  net::Task<> converse(net::Stream& stream, Connection& connection);
  net::Task<bool> act(net::Stream& stream, Connection& connection, Next next);

  net::ShardSet& shards_;
  Receiver& receiver_;
  Tally& tally_;
  AfterSender& after_;
  MailFolder* const mail_folder_;
  Provider* const provider_;
  std::vector<net::Endpoint> endpoints_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<std::unordered_set<net::Stream*>> open_;  // by shard; each touched on its shard
};

}  // namespace penstock::sim
