// SPDX-License-Identifier: Apache-2.0
// A client of an HTTP endpoint: requests one behind the other on a connection, chunked or not, read from a real socket
// and given to the handler of their route, with a daemon behind it that does nothing.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/routes.h"
#include "base/check.h"
#include "http/read_message.h"
#include "http/target.h"
#include "net/shard.h"
#include "src/api/test/fake_operations.h"

namespace {

using namespace penstock;
namespace beast_http = boost::beast::http;
using Parser = beast_http::request_parser<beast_http::string_body>;

constexpr std::size_t kHeadBytesMax = 2048;
constexpr std::size_t kBodyBytesMax = 4096;
constexpr std::size_t kInputBytesMax = 32 * 1024;  // what a socket takes without anybody reading

http::Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return http::Method::Get;
    case beast_http::verb::head: return http::Method::Head;
    case beast_http::verb::post: return http::Method::Post;
    case beast_http::verb::put: return http::Method::Put;
    case beast_http::verb::delete_: return http::Method::Delete;
    default: return http::Method::Other;
  }
}

void handle(const Parser& parser) {
  const auto target = http::parse_target(std::string_view(parser.get().target()));
  if (!target) return;
  const http::Method method = method_of(parser.get().method());
  const auto match = api::find_route(api::Audience::Admin, method, target->segments);
  if (!match) return;
  const bool has_body = match->route->method == http::Method::Post;
  auto input = has_body ? api::Input::from_body(parser.get().body()) : api::Input::from_query(target->query);
  if (!input) {
    PENSTOCK_CHECK(!input.error().message.empty());
    return;
  }
  api::FakeOperations operations;
  api::Call call{operations, *input, match->captures, {"root", "unix"}, api::FakeOperations::kNow};
  const auto answer = match->route->handler(call);
  if (answer) {
    PENSTOCK_CHECK(answer->status >= 200 && answer->status < 600);
  } else {
    PENSTOCK_CHECK(!answer.error().message.empty());
  }
}

net::Task<> serve(net::Stream& stream, bool& done) {
  std::string leftover;
  for (std::size_t left = kInputBytesMax + 1;;) {
    Parser parser;
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(kBodyBytesMax);
    const auto yes = [] { return true; };
    const http::ReadEnd end = co_await http::read_message<true>(
        stream, leftover, parser, {std::chrono::seconds(5), std::chrono::seconds(5)}, yes);
    if (!end.result) break;
    PENSTOCK_CHECK(parser.get().body().size() <= kBodyBytesMax);
    PENSTOCK_CHECK(left-- > 0);  // a request takes bytes
    handle(parser);
  }
  done = true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kInputBytesMax) return 0;
  static net::ShardSet shards(1);
  net::Shard& shard = shards[0];
  int ends[2];
  PENSTOCK_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  PENSTOCK_CHECK(::write(ends[1], data, size) == static_cast<ssize_t>(size));
  ::shutdown(ends[1], SHUT_WR);
  {
    net::Socket socket(shard.io(), net::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    net::Stream stream(shard, std::move(socket));
    bool done = false;
    net::asio::co_spawn(shard.io(), serve(stream, done), net::asio::detached);
    while (!done) shard.io().run_one();
  }
  shard.io().poll();
  ::close(ends[1]);
  return 0;
}
