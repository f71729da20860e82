// SPDX-License-Identifier: Apache-2.0
#include "feedback/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "feedback/errc.h"

namespace penstock::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

IncomingReport report_named(const std::string& text) {
  return {text, {"b@bounces.example.com"}, "192.0.2.1", Time{std::chrono::seconds{1'800'000'000}}};
}

// Takes what the inbox hands out; each can be waited for. While `held`, handling waits.
class Desk {
 public:
  void handle(const IncomingReport& report) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !held_; });
    handled_.push_back(report.message);
    wake_.notify_all();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return handled_.size() >= count; });
    return handled_;
  }
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    held_ = on;
    wake_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> handled_;
  bool held_ = false;
};

class InboxTest : public ::testing::Test {
 protected:
  InboxTest() : folder_(std::filesystem::temp_directory_path() / ("penstock_inbox_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  ~InboxTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Inbox> open(Desk& desk, InboxLimits limits = {}) {
    auto inbox = Inbox::open(
        folder_.string(), [&desk](const IncomingReport& report, std::uint64_t) { desk.handle(report); }, limits);
    EXPECT_TRUE(inbox);
    return inbox ? std::move(*inbox) : nullptr;
  }
  static Result<> submit(Inbox& inbox, const std::string& text) {
    std::promise<Result<>> durable;
    auto future = durable.get_future();
    inbox.submit(report_named(text), [&durable](Result<> result) { durable.set_value(std::move(result)); });
    return future.get();
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "inbox.log"; }

  std::filesystem::path folder_;
};

TEST_F(InboxTest, HandlesInOrderAndEmptiesTheFile) {
  Desk desk;
  const auto inbox = open(desk);
  for (const char* text : {"one", "two", "three"}) EXPECT_TRUE(submit(*inbox, text));
  EXPECT_THAT(desk.wait_for(3), ElementsAre("one", "two", "three"));
  inbox->stop();
}

TEST_F(InboxTest, WhatWasNotHandledComesBackAfterARestart) {
  std::filesystem::create_directories(folder_ / "copy");
  {
    Desk desk;
    desk.hold(true);
    const auto inbox = open(desk);
    EXPECT_TRUE(submit(*inbox, "one"));
    EXPECT_TRUE(submit(*inbox, "two"));
    // As a crash would leave it.
    std::filesystem::copy_file(file(), folder_ / "copy/inbox.log");
    desk.hold(false);
  }
  std::filesystem::rename(folder_ / "copy/inbox.log", file());
  Desk desk;
  const auto inbox = open(desk);
  EXPECT_THAT(desk.wait_for(2), ElementsAre("one", "two"));
}

TEST_F(InboxTest, TornTailIsCutAndTheRestServed) {
  std::filesystem::create_directories(folder_ / "copy");
  {
    Desk desk;
    desk.hold(true);
    const auto inbox = open(desk);
    EXPECT_TRUE(submit(*inbox, "one"));
    EXPECT_TRUE(submit(*inbox, "two"));
    std::filesystem::copy_file(file(), folder_ / "copy/inbox.log");
    desk.hold(false);
  }
  std::filesystem::rename(folder_ / "copy/inbox.log", file());
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 1);
  Desk desk;
  const auto inbox = open(desk);
  EXPECT_TRUE(submit(*inbox, "three"));
  EXPECT_THAT(desk.wait_for(2), ElementsAre("one", "three"));
}

TEST_F(InboxTest, FullInboxRefuses) {
  Desk desk;
  desk.hold(true);
  const auto inbox = open(desk, {.waiting_bytes_max = 200});
  EXPECT_TRUE(submit(*inbox, std::string(60, 'x')));
  const Result<> refused = submit(*inbox, std::string(200, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::InboxFull);
  desk.hold(false);
  (void)desk.wait_for(1);
}

TEST_F(InboxTest, StoppedInboxRefuses) {
  Desk desk;
  const auto inbox = open(desk);
  inbox->stop();
  EXPECT_FALSE(submit(*inbox, "late"));
}

TEST(ReportRecord, RoundTripsAndRefusesDamage) {
  const IncomingReport report = report_named("text");
  const std::string payload = encode_report(report);
  EXPECT_EQ(payload.size(), encoded_size(report));
  IncomingReport read;
  ASSERT_TRUE(decode_report(payload, read));
  EXPECT_EQ(read, report);
  for (std::size_t size = 0; size < payload.size(); ++size) EXPECT_FALSE(decode_report(payload.substr(0, size), read));
  EXPECT_FALSE(decode_report(payload + "x", read));
}

}  // namespace
}  // namespace penstock::feedback
