// SPDX-License-Identifier: Apache-2.0
#include "feedback/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "base/test/temp_folder.h"
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
  void handle(std::span<const IncomingReport> reports) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !held_; });
    for (const IncomingReport& report : reports) handled_.push_back(report.message);
    calls_.push_back(reports.size());
    wake_.notify_all();
  }
  // How many reports came at a time.
  std::vector<std::size_t> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
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
  std::vector<std::size_t> calls_;
  bool held_ = false;
};

class InboxTest : public ::testing::Test {
 protected:
  std::unique_ptr<Inbox> open(Desk& desk, InboxLimits limits = {}) {
    auto inbox = Inbox::open(
        folder_.string(), [&desk](std::span<const IncomingReport> reports) { desk.handle(reports); }, limits);
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

  const TempFolder temp_;
  const std::filesystem::path folder_{temp_.file("reports")};
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

TEST_F(InboxTest, WhatWaitsIsHandedOutTogetherAndBounded) {
  Desk desk;
  desk.hold(true);
  const auto inbox = open(desk);
  const std::size_t count = Inbox::kHandledMax + 10;
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(submit(*inbox, std::to_string(i)));
  desk.hold(false);
  EXPECT_THAT(desk.wait_for(count), SizeIs(count));
  inbox->stop();
  const std::vector<std::size_t> calls = desk.calls();
  EXPECT_LE(*std::max_element(calls.begin(), calls.end()), Inbox::kHandledMax);
  EXPECT_LE(calls.size(), 4U);
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
