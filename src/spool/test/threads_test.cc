// SPDX-License-Identifier: Apache-2.0
// Many threads at once: worth their time under ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "spool/test/box.h"

namespace penstock::spool {
namespace {

// Sends, reads, attempts and finishes; keeps every third message.
void use(Spool& spool, std::uint64_t seed, int messages, std::atomic<int>& kept) {
  for (int i = 0; i < messages; ++i) {
    std::atomic<std::uint64_t> id{0};
    const std::string body =
        make_body(100 + 37 * static_cast<std::size_t>(i % 50), seed * 1000 + static_cast<std::uint64_t>(i));
    spool.accept({.envelope = make_envelope(2),
                  .body = std::make_shared<const std::string>(body),
                  .done = AcceptHandler([&](Result<model::MessageId> r) {
                    id = r.value().value;
                    id.notify_one();
                  })});
    id.wait(0);
    const model::MessageId message{id};
    const auto read = spool.read(message);
    ASSERT_TRUE(read);
    ASSERT_EQ(*read->body, body);
    spool.record_attempt({.recipient = {message, 1}, .attempts = 1});
    spool.release_cached(message);
    if (i % 3 == 0) {
      ++kept;
    } else {
      spool.record_final({message, 1});
    }
    spool.record_final({message, 0});
    if (i % 64 == 0) spool.flush();
  }
}

TEST(Threads, ManySubmittersLoseNothing) {
  Box box;
  box.options.cache_bytes = 50'000;
  box.options.flush_interval = std::chrono::milliseconds{1};
  box.options.probe_interval = std::chrono::milliseconds{1};
  box.open();
  std::atomic<int> kept{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) threads.emplace_back([&, t] { use(*box.spool, t, 150, kept); });
  std::thread looker([&] {
    while (!done) {
      box.spool->maintain();
      (void)box.spool->stats();
      (void)box.spool->health();
    }
  });
  for (auto& thread : threads) thread.join();
  done = true;
  looker.join();
  EXPECT_EQ(box.spool->stats().accepted, 1200U);
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), static_cast<std::size_t>(kept));
  for (const auto& [recipient, found] : box.sink.found) EXPECT_EQ(found.attempts, 1U);
}

TEST(Threads, CloseWhileOthersSubmitAnswersEachOnce) {
  Box box;
  box.open();
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::atomic<bool> started{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        box.spool->accept({.envelope = make_envelope(),
                           .body = std::make_shared<const std::string>("x"),
                           .done = AcceptHandler([&](Result<model::MessageId> r) { ++(r ? accepted : refused); })});
        started = true;
      }
    });
  }
  while (!started) std::this_thread::yield();
  box.spool->close();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(accepted + refused, 1200);
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), static_cast<std::size_t>(accepted));
}

}  // namespace
}  // namespace penstock::spool
