// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <future>

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

}  // namespace

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
