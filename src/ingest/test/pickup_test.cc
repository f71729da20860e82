// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/test/one_pool.h"
#include "ingest/test/entrance.h"

namespace penstock::ingest {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* kPickupStreams = R"([[stream]]
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
  Entrance entrance_{config::with_one_pool(kPickupStreams)};
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
  const auto events = entrance_.events(model::EventType::Rejected);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[1].sender, "a@shop.example");
  EXPECT_EQ(events[1].recipient, "c@one.example");
  EXPECT_EQ(events[1].detail, "x.eml");
  EXPECT_EQ(entrance_.probe.rejected.value(), 2U);
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

TEST_F(PickupTest, LinkIsSetAsideUnread) {
  const std::string target = folder_ + "/folder/secret";
  fs::create_directory(folder_ + "/folder");
  put("folder/secret", kGood);
  fs::create_symlink(target, folder_ + "/link.eml");
  fs::create_symlink(folder_ + "/nowhere", folder_ + "/dangling.eml");
  fs::create_symlink(folder_ + "/folder", folder_ + "/folder.eml");
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_EQ(entrance_.probe.pickup_bad_files.value(), 3U);
  EXPECT_EQ(fs::read_symlink(folder_ + "/bad/link.eml"), target);  // the link itself went
  EXPECT_THAT(get("bad/link.eml.reason"), HasSubstr("symbolic link"));
  EXPECT_THAT(get("bad/dangling.eml.reason"), HasSubstr("symbolic link"));
  EXPECT_FALSE(fs::is_symlink(folder_ + "/folder.eml"));
  EXPECT_EQ(get("folder/secret"), kGood);
  EXPECT_THAT(entrance_.events(model::EventType::Accepted), SizeIs(0));
  EXPECT_THAT(entrance_.events(model::EventType::Rejected), SizeIs(3));
}

TEST_F(PickupTest, PipeIsSetAsideAndBlocksNobody) {
  ASSERT_EQ(::mkfifo((folder_ + "/pipe.eml").c_str(), 0600), 0);
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_TRUE(fs::is_fifo(folder_ + "/bad/pipe.eml"));
  EXPECT_THAT(get("bad/pipe.eml.reason"), HasSubstr("no regular file"));
}

TEST_F(PickupTest, ReasonIsNotWrittenThroughALink) {
  put(".kept", "kept");
  fs::create_symlink(folder_ + "/.kept", folder_ + "/bad/bad.eml.reason");
  put("bad.eml", "Subject: no sender\n\nx\n");
  (void)pickup_->run_once();
  EXPECT_EQ(get(".kept"), "kept");
  EXPECT_THAT(get("bad/bad.eml.reason"), HasSubstr("X-Sender"));
}

TEST_F(PickupTest, FullSpoolKeepsTheFile) {
  const spool::Quiet quiet;
  entrance_.box.disk.fail_writes_after(0, ENOSPC);
  put("one.eml", kGood);
  (void)pickup_->run_once();
  EXPECT_TRUE(there("one.eml"));  // by its own name
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

TEST_F(PickupTest, FileThatCannotBeRenamedIsNotTaken) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may rename anything";
  put("one.eml", kGood);
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(pickup_->run_once(), 0U);
  EXPECT_TRUE(there("one.eml"));
  fs::permissions(folder_, fs::perms::owner_all);
  EXPECT_THAT(entrance_.events(model::EventType::Accepted), SizeIs(0));
}

TEST_F(PickupTest, WhatWasDurableWhenTheDaemonWasKilledIsNotTakenAgain) {
  const auto id = entrance_.box.accept(spool::make_envelope(1), "Subject: x\r\n\r\nx\r\n");
  ASSERT_TRUE(id);
  const std::string taken = ".taken-" + model::format_id(*id) + "-one.eml";
  put(taken, kGood);
  EXPECT_TRUE(pickup_->open());
  EXPECT_FALSE(there(taken));
  EXPECT_EQ(pickup_->run_once(), 0U);
}

TEST_F(PickupTest, WhatWasNotDurableWhenTheDaemonWasKilledIsTakenThen) {
  const std::string lost = model::format_id(entrance_.box.spool->make_id());
  put(".taken-" + lost + "-one-two.eml", kGood);
  put(".taken-nonsense", kGood);
  EXPECT_TRUE(pickup_->open());
  EXPECT_TRUE(there("one-two.eml") && there(".taken-nonsense"));
  put(".taken-" + lost + "-one-two.eml", kGood);  // meanwhile another one has its name
  EXPECT_TRUE(pickup_->open());
  EXPECT_TRUE(there("one-two.eml") && there(lost + "-one-two.eml"));
  EXPECT_EQ(pickup_->run_once(), 2U);
  entrance_.wait_for(2);
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
