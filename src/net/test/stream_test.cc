// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "net/deadline.h"
#include "net/listener.h"

using namespace penstock;
using namespace penstock::net;
using namespace std::chrono_literals;

namespace {

Task<> echo(std::unique_ptr<Stream> stream) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const Io got = co_await stream->read_some(buffer, 5s);
    if (got.bytes == 0) co_return;
    co_await stream->write(std::string_view(buffer.data(), got.bytes), 5s);
  }
}

Task<> talk(Shard& shard, Endpoint remote, std::string bytes, std::promise<std::string>& done) {
  auto stream = co_await connect(shard, remote, "127.0.0.3", 5s);
  std::string heard = stream ? (*stream)->local_address() + " " : stream.error().to_string();
  if (stream) {
    co_await (*stream)->write(bytes, 5s);
    std::array<char, 4096> buffer{};
    std::size_t left = bytes.size();
    while (left > 0) {
      const Io got = co_await (*stream)->read_some(buffer, 5s);
      if (got.bytes == 0) break;
      heard.append(buffer.data(), got.bytes);
      left -= got.bytes;
    }
  }
  done.set_value(heard);
}

Task<> wait_in_vain(Shard& shard, Endpoint remote, std::promise<Io>& done) {
  auto stream = co_await connect(shard, remote, "", 5s);
  std::array<char, 16> buffer{};
  done.set_value(co_await (*stream)->read_some(buffer, 10ms));
}

Task<> refuse_to_speak(std::unique_ptr<Stream> stream) {
  std::array<char, 16> buffer{};
  co_await stream->read_some(buffer, 60s);
}

// Waits in vain, then says a last word: what an SMTP server does when a client is silent.
Task<> time_out_and_speak(std::unique_ptr<Stream> stream) {
  std::array<char, 16> buffer{};
  const Io got = co_await stream->read_some(buffer, 10ms);
  if (got.timed_out()) co_await stream->write("421 too slow", 5s);
}

Task<> hear(Shard& shard, Endpoint remote, std::promise<std::string>& done) {
  auto stream = co_await connect(shard, remote, "", 5s);
  std::array<char, 64> buffer{};
  const Io got = co_await (*stream)->read_some(buffer, 5s);
  done.set_value({buffer.data(), got.bytes});
}

struct Kept {
  bool quiet_at_first = false;
  bool quiet_after_close = true;
};

Task<> keep(Shard& shard, Endpoint remote, std::promise<Kept>& done) {
  Kept kept;
  auto stream = co_await connect(shard, remote, "", 5s);
  kept.quiet_at_first = (*stream)->quiet();
  co_await (*stream)->write("bye", 5s);  // the peer answers and closes
  std::array<char, 64> buffer{};
  while ((co_await (*stream)->read_some(buffer, 5s)).bytes > 0) {
  }
  kept.quiet_after_close = (*stream)->quiet();
  done.set_value(kept);
}

Task<> answer_once(std::unique_ptr<Stream> stream) {
  std::array<char, 16> buffer{};
  co_await stream->read_some(buffer, 5s);
  co_await stream->write("ok", 5s);
}

Task<> stop_own_reading(Shard& shard, Endpoint remote, std::promise<bool>& done) {
  auto stream = co_await connect(shard, remote, "", 5s);
  Stream* const link = stream->get();
  shard.post([link] { link->stop_reading(); });
  std::array<char, 16> buffer{};
  const Io got = co_await link->read_some(buffer, 60s);
  const Io said = co_await link->write("still here", 5s);
  done.set_value(got.closed && said.bytes == 10);
}

// Whether other work of the shard had its turn while bytes that were there were read into so large a buffer.
Task<> read_what_is_there(Shard& shard, Endpoint remote, std::size_t bytes, std::promise<bool>& done) {
  auto stream = co_await connect(shard, remote, "", 5s);
  co_await (*stream)->write("bye", 5s);  // the peer answers
  while ((*stream)->readable() == 0) co_await sleep_for(Duration{0});
  std::vector<char> buffer(bytes);
  bool others_had_a_turn = false;
  shard.post([&others_had_a_turn] { others_had_a_turn = true; });
  const Io got = co_await (*stream)->read_some(buffer, 5s);
  const bool waited = others_had_a_turn;
  co_await sleep_for(Duration{0});  // what was posted refers to us
  while (!others_had_a_turn) co_await sleep_for(Duration{0});
  done.set_value(waited || got.bytes != 2);
}

// Speaks without end, and never as much as is waited for.
Task<> pour(std::unique_ptr<Stream> stream) {
  const std::string bytes(64 * 1024, 'x');
  while (!(co_await stream->write(bytes, 5s)).error) {
  }
}

// Reads on until one deadline for all reads has passed; true if that is how it ended.
Task<> read_all_until(Shard& shard, Endpoint remote, std::promise<bool>& done) {
  auto stream = co_await connect(shard, remote, "", 5s);
  std::array<char, 16> buffer{};
  const Deadline deadline(50ms);
  Io got{1, false, {}};
  std::size_t bytes = 0;
  while (got.bytes > 0) {
    got = co_await (*stream)->read_some(buffer, deadline.left());
    bytes += got.bytes;
  }
  done.set_value(bytes > 0 && got.timed_out());
}

}  // namespace

TEST(Stream, OneDeadlineHoldsOverManyReadsOfWhatIsThere) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "pour", pour);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<bool> done;
  shards[0].spawn("read", read_all_until(shards[0], listener.endpoint(), done));
  shards.start();
  EXPECT_TRUE(done.get_future().get());
}

TEST(Stream, AnswerThatIsThereIsReadInTheSameTurnAndALargeReadWaitsForItsTurn) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "once", answer_once);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<bool> small;
  std::promise<bool> large;
  shards[0].spawn("small", read_what_is_there(shards[0], listener.endpoint(), 4096, small));
  shards[0].spawn("large", read_what_is_there(shards[0], listener.endpoint(), 32768, large));
  shards.start();
  EXPECT_FALSE(small.get_future().get());
  EXPECT_TRUE(large.get_future().get());
}

TEST(Stream, CarriesBytesBothWaysFromTheChosenSource) {
  ShardSet shards(2);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "echo", echo);
  ASSERT_TRUE(listener.open());
  listener.start();
  const std::string bytes(100'000, 'x');
  std::promise<std::string> done;
  shards[1].spawn("talk", talk(shards[1], listener.endpoint(), bytes, done));
  shards.start();
  EXPECT_EQ(done.get_future().get(), "127.0.0.3 " + bytes);
}

TEST(Stream, SilentPeerTimesOut) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "silent", refuse_to_speak);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<Io> done;
  shards[0].spawn("wait", wait_in_vain(shards[0], listener.endpoint(), done));
  shards.start();
  EXPECT_TRUE(done.get_future().get().timed_out());
}

TEST(Stream, ReadDeadlineLeavesRoomForALastWord) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "slow", time_out_and_speak);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<std::string> done;
  shards[0].spawn("hear", hear(shards[0], listener.endpoint(), done));
  shards.start();
  EXPECT_EQ(done.get_future().get(), "421 too slow");
}

TEST(Stream, QuietUntilThePeerClosed) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "once", answer_once);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<Kept> done;
  shards[0].spawn("keep", keep(shards[0], listener.endpoint(), done));
  shards.start();
  const Kept kept = done.get_future().get();
  EXPECT_TRUE(kept.quiet_at_first);
  EXPECT_FALSE(kept.quiet_after_close);
}

TEST(Stream, StopReadingEndsTheReadAndWritingGoesOn) {
  ShardSet shards(1);
  Listener listener(shards, *parse_endpoint("127.0.0.1:0"), "silent", refuse_to_speak);
  ASSERT_TRUE(listener.open());
  listener.start();
  std::promise<bool> done;
  shards[0].spawn("stop", stop_own_reading(shards[0], listener.endpoint(), done));
  shards.start();
  EXPECT_TRUE(done.get_future().get());
}

TEST(Listener, PortOfAnotherListenerIsRefused) {
  ShardSet shards(2);
  Listener first(shards, *parse_endpoint("127.0.0.1:0"), "first", refuse_to_speak);
  ASSERT_TRUE(first.open());
  Listener second(shards, first.endpoint(), "second", refuse_to_speak);
  const auto opened = second.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, std::errc::address_in_use);
  EXPECT_THAT(opened.error().detail, testing::HasSubstr(format_endpoint(first.endpoint())));
}

TEST(Listener, NobodyCanConnectAfterStopEvenIfTheShardsEndAtOnce) {
  const std::string path = testing::TempDir() + "penstock-stop-test.sock";
  for (int round = 0; round < 50; ++round) {
    ShardSet shards(2);
    Listener listener(shards, *parse_endpoint("unix:" + path), "stopping", refuse_to_speak);
    ASSERT_TRUE(listener.open());
    listener.start();
    shards.start();
    listener.stop();
    shards.stop();
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::socket client(io);
    boost::system::error_code error;
    client.connect(boost::asio::local::stream_protocol::endpoint(path), error);
    ASSERT_TRUE(error) << "round " << round;
  }
}

TEST(Listener, UnixSocketInUseIsRefusedAndAStaleOneReplaced) {
  const std::string path = testing::TempDir() + "penstock-listener-test.sock";
  ShardSet shards(1);
  auto first = std::make_unique<Listener>(shards, *parse_endpoint("unix:" + path), "first", refuse_to_speak);
  ASSERT_TRUE(first->open());
  Listener second(shards, *parse_endpoint("unix:" + path), "second", refuse_to_speak);
  const auto opened = second.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, std::errc::address_in_use);
  first.reset();  // as a killed process: the file stays, nobody listens
  Listener third(shards, *parse_endpoint("unix:" + path), "third", refuse_to_speak);
  EXPECT_TRUE(third.open());
  ::unlink(path.c_str());
}

TEST(Stream, RefusedConnectionNamesTheEndpoint) {
  ShardSet shards(1);
  std::promise<std::string> done;
  shards[0].spawn("talk", talk(shards[0], *parse_endpoint("127.0.0.1:1"), "x", done));
  shards.start();
  EXPECT_THAT(done.get_future().get(), testing::HasSubstr("127.0.0.1:1"));
}

TEST(Endpoint, TextParsesBack) {
  for (const char* good : {"127.0.0.1:25", "[::1]:2525", "0.0.0.0:0"})
    EXPECT_EQ(format_endpoint(*parse_endpoint(good)), good);
  for (const char* bad : {"", "25", "127.0.0.1", "::1:25", "host.example:25", "127.0.0.1:99999", "[::1]"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}
