// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ingest/test/entrance.h"
#include "ingest/test/one_pool.h"

namespace penstock::ingest {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* kStreams = R"([[stream]]
name = "default"
pool = "main"
[[stream]]
name = "files"
pool = "main"
[pickup]
stream = "files"
tenant = "house"
max_message_size = "1 KiB"
)";
constexpr const char* kGood =
    "X-Sender: <a@shop.example>\nX-Receiver: b@one.example,c@one.example\nSubject: hi\n\nhello\n";

class PickupTest : public ::testing::Test {
 protected:
  PickupTest() {
    fs::create_directories(folder_);
    options_.dir = folder_;
    pickup_.emplace(entrance_.services(), *entrance_.shards, options_);
    EXPECT_TRUE(pickup_->open());
    entrance_.shards->start();
  }
  ~PickupTest() override {
    pickup_.reset();
    entrance_.close();
    fs::remove_all(folder_);
  }
  void put(const std::string& name, const std::string& contents) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << contents;
  }
  std::string get(const std::string& name) {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool there(const std::string& name) { return fs::exists(folder_ + "/" + name); }

  const std::string folder_ = ::testing::TempDir() + "/penstock-pickup-" + std::to_string(::getpid()) + "-" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name();
  Entrance entrance_{with_one_pool(kStreams)};
  config::Pickup options_;
  std::optional<Pickup> pickup_;
};

TEST_F(PickupTest, GoodFileIsTakenAndRemoved) {
  put("one.eml", kGood);
  EXPECT_EQ(pickup_->run_once(), 1U);
  EXPECT_FALSE(there("one.eml"));
  entrance_.wait_for(1);
  const model::Envelope envelope = entrance_.handed_over()[0];
  EXPECT_EQ(envelope.sender, "a@shop.example");
  EXPECT_THAT(envelope.recipients, SizeIs(2));
  EXPECT_EQ(envelope.labels, (model::Labels{"files", "house", "", "", ""}));
  EXPECT_EQ(envelope.peer, "pickup");
  const std::string stored = **entrance_.box.spool->read_body(envelope.id);
  EXPECT_THAT(stored, HasSubstr("Subject: hi\r\n"));
  EXPECT_THAT(stored, HasSubstr("Message-ID: "));
  const auto events = entrance_.events(model::EventType::Accepted);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[1].recipient, "c@one.example");
  EXPECT_EQ(events[1].detail, "one.eml");
  EXPECT_EQ(entrance_.probe.pickup_files.value(), 1U);
}

TEST_F(PickupTest, BadFileIsSetAsideWithItsReason) {
  put("bad.eml", "Subject: no sender\n\nx\n");
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_FALSE(there("bad.eml"));
  EXPECT_EQ(get("bad/bad.eml"), "Subject: no sender\n\nx\n");
  EXPECT_THAT(get("bad/bad.eml.reason"), HasSubstr("X-Sender"));
  EXPECT_THAT(entrance_.events(model::EventType::Rejected), SizeIs(1));
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_EQ(entrance_.probe.pickup_bad_files.value(), 1U);
}

TEST_F(PickupTest, WhatAdmissionRefusesIsBadToo) {
  put("x.eml", std::string("X-Penstock-Stream: nonsense\n") + kGood);
  (void)pickup_->run_once();
  EXPECT_THAT(get("bad/x.eml.reason"), HasSubstr("nonsense"));
}

TEST_F(PickupTest, TooLargeFileIsBad) {
  put("large.eml", kGood + std::string(2000, 'x'));
  (void)pickup_->run_once();
  EXPECT_THAT(get("bad/large.eml.reason"), HasSubstr("1024 are allowed"));
}

TEST_F(PickupTest, UnfinishedFilesAndFoldersAreLeftAlone) {
  put(".hidden", kGood);
  put("one.tmp", kGood);
  fs::create_directory(folder_ + "/folder");
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_TRUE(there(".hidden") && there("one.tmp") && there("folder"));
}

TEST_F(PickupTest, FullSpoolKeepsTheFile) {
  const spool::Quiet quiet;
  entrance_.box.disk.fail_writes_after(0, ENOSPC);
  put("one.eml", kGood);
  (void)pickup_->run_once();
  EXPECT_TRUE(there("one.eml"));
  EXPECT_THAT(entrance_.events(model::EventType::Accepted), SizeIs(0));
  EXPECT_EQ(pickup_->run_once(), 0U);  // not even tried
  entrance_.box.disk.heal();
}

TEST_F(PickupTest, FolderThatIsNotThereIsNamed) {
  options_.dir = folder_ + "/nowhere";
  const auto opened = Pickup(entrance_.services(), *entrance_.shards, options_).open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().detail, HasSubstr("nowhere"));
}

TEST_F(PickupTest, FileThatCannotBeRemovedIsTakenOnce) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may remove anything";
  put("one.eml", kGood);
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(pickup_->run_once(), 1U);
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_TRUE(there("one.eml"));
  entrance_.wait_for(1);
  fs::permissions(folder_, fs::perms::owner_all);
}

TEST_F(PickupTest, BadFileThatCannotBeMovedIsRefusedOnce) {
  fs::remove(folder_ + "/bad");
  put("bad.eml", "Subject: no sender\n\nx\n");
  (void)pickup_->run_once();
  (void)pickup_->run_once();
  EXPECT_TRUE(there("bad.eml"));
  EXPECT_EQ(entrance_.probe.pickup_bad_files.value(), 1U);
}

TEST_F(PickupTest, ThreadTakesManyFilesWithinItsBound) {
  options_.max_in_flight = 3;
  options_.scan_interval = std::chrono::milliseconds{1};
  Pickup running(entrance_.services(), *entrance_.shards, options_);
  for (int i = 0; i < 50; ++i) put("f" + std::to_string(i), kGood);
  running.start();
  entrance_.wait_for(50);
  running.stop();
  std::set<model::MessageId> ids;
  for (const model::Envelope& envelope : entrance_.handed_over()) ids.insert(envelope.id);
  EXPECT_THAT(ids, SizeIs(50));
}

}  // namespace
}  // namespace penstock::ingest
