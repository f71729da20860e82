// SPDX-License-Identifier: Apache-2.0
// NodeFixture: a whole node in a folder of its own, with the operations of the admin API. Mail waits because its stream
// is paused, or it has a first-attempt time; the route is "null". No daemon's threads but its own; no real DNS.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <future>

#include "app/ask_shards.h"
#include "app/node_operations.h"
#include "app/test/files.h"
#include "base/test/effort.h"
#include "base/test/temp_folder.h"

namespace penstock::app {

inline constexpr const char* kRest = R"([[vmta]]
name = "v1"
[[vmta]]
name = "v2"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
route = "null"
[[stream]]
name = "other"
pool = "main"
route = "null"
)";

// One that nobody uses just now. Another process may take it before the node does; the node's start fails then.
inline std::uint16_t free_port() {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor taken(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  return taken.local_endpoint().port();
}

class NodeFixture : public ::testing::Test {
 public:
  ~NodeFixture() override { close(); }

 protected:
  // `more`: further tables of the configuration.
  explicit NodeFixture(const std::string& upstream = "127.0.0.1:1", const std::string& more = "") {
    write_file(folder_.file("penstock.toml"), fmt::format(R"([node]
name = "mta1.example"
data_dir = "{}/data"
shards = 2
[dns]
upstream = ["{}"]
[spool]
segment_size = "1 MiB"
free_floor = "1 MiB"
spare_segments = 1
[[listener]]
address = "127.0.0.1:{}"
max_message_size = "100 KiB"
relay_from = "127.0.0.1"
)",
                                                          folder_.path(), upstream, free_port()) +
                                                  kRest + more);
    open();
  }
  void open() {
    const std::string path = folder_.file("penstock.toml");
    const config::Loaded loaded = config::load_file(path);
    for (const config::Problem& problem : loaded.problems) {
      EXPECT_FALSE(problem.is_error) << config::format_problem(problem);
    }
    ASSERT_TRUE(loaded.config);
    auto built = Node::build(loaded, path);
    ASSERT_TRUE(built) << built.error().to_string();
    node_ = std::move(*built);
    operations_ = std::make_unique<NodeOperations>(*node_);
    node_->start();
  }
  void close() {
    if (!node_) return;
    operations_->stop();
    node_->finish(std::chrono::seconds{10});
    node_->stop();
    operations_.reset();
    node_.reset();
  }
  // Stores a message and hands it over. Without `later` it is due at once.
  model::MessageId send(const std::vector<std::string>& addresses, Duration later = std::chrono::hours{1},
                        const std::string& stream = "default") {
    model::Envelope envelope;
    envelope.sender = "";  // no notices
    envelope.peer = "192.0.2.1";
    envelope.labels.stream = stream;
    envelope.received = node_->clock().wall();
    if (later > Duration::zero()) envelope.first_attempt = envelope.received + later;
    for (const std::string& address : addresses) envelope.recipients.push_back({address, "", 0});
    auto answered = std::make_shared<std::promise<Result<model::MessageId>>>();
    spool::AcceptRequest request;
    request.envelope = envelope;
    request.body = std::make_shared<const std::string>("Subject: x\r\n\r\nx\r\n");
    request.done =
        spool::AcceptHandler([answered](Result<model::MessageId> result) { answered->set_value(std::move(result)); });
    node_->spool().accept(std::move(request));
    const auto stored = answered->get_future().get();
    EXPECT_TRUE(stored);
    envelope.id = *stored;
    ask_shard(node_->engine(), 0, [&](delivery::Dispatcher& dispatcher) { dispatcher.admit(envelope); });
    return *stored;
  }
  api::Job act(const api::ActRequest& request) {
    const auto job = operations_->act(request, actor_);
    EXPECT_TRUE(job) << (job ? "" : job.error().to_string());
    return job ? finished(job->id) : api::Job{};
  }
  // The job once it has ended.
  api::Job finished(std::uint64_t id) {
    for (auto job = operations_->job(id); job; job = operations_->job(id)) {
      if (job->state != api::JobState::Running && job->state != api::JobState::Waiting) return *job;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "no job " << id;
    return {};
  }
  // Asks until it is so; every question is answered by the shards in between.
  void wait_until(const std::function<bool()>& so) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it did not come to be";
      std::this_thread::yield();
    }
  }
  static api::ActRequest request(api::Act act, const std::string& domain = "") {
    api::ActRequest made;
    made.act = act;
    made.selection.domain = domain;
    made.selection.all = domain.empty();
    return made;
  }
  api::QueueCounts counts() { return operations_->status()->queue; }
  // Without that the test runs as root.
  std::vector<api::Trouble> troubles() {
    std::vector<api::Trouble> all = operations_->status()->troubles;
    std::erase_if(all, [](const api::Trouble& trouble) { return trouble.part == "process"; });
    return all;
  }
  std::vector<api::RecipientRow> rows() {
    api::RecipientQuery query;
    query.limit = 1000;
    return operations_->recipients(query)->rows;
  }

  TempFolder folder_;
  const api::Actor actor_{"root", "unix"};
  std::unique_ptr<Node> node_;
  std::unique_ptr<NodeOperations> operations_;
};

}  // namespace penstock::app
