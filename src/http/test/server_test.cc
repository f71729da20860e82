// SPDX-License-Identifier: Apache-2.0
// The server over real sockets of the loopback and of a temporary folder.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <latch>
#include <stdexcept>
#include <thread>

#include "base/test/temp_folder.h"
#include "http/client.h"
#include "http/errc.h"
#include "http/workers.h"
#include "net/test/certificates.h"

namespace penstock::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

net::Task<Response> echo(Request request) {
  if (request.target == "/throw") throw std::runtime_error("on purpose");
  Response response;
  response.content_type = "text/plain";
  response.body = std::string(to_string(request.method)) + " " + request.target + " " + request.body;
  if (request.peer.uid) response.fields.add("X-Uid", std::to_string(*request.peer.uid));
  co_return response;
}

// A server on a port of the system's choice.
class Running {
 public:
  explicit Running(ServerOptions options = {}, Server::Handler handler = echo)
      : shards_(1), server_(shards_, *net::make_endpoint("127.0.0.1", 0), "test", options, std::move(handler)) {
    EXPECT_TRUE(server_.open());
    server_.start();
    shards_.start();
  }
  ~Running() {
    server_.stop();
    shards_.stop();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Server& server() { return server_; }
  [[nodiscard]] const Server& server() const { return server_; }
  net::Shard& shard() { return shards_[0]; }
  [[nodiscard]] ServerAddress address() const { return ServerAddress{server_.endpoint(), "test.example"}; }

 private:
  net::ShardSet shards_;
  Server server_;
};

// A plain blocking socket: sends what no proper client would.
class RawSocket {
 public:
  explicit RawSocket(const net::Endpoint& endpoint)
      : fd_(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::connect(fd_, endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  void send(std::string_view text) const {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Until the server closes.
  [[nodiscard]] std::string read_all() const {
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  // Until `end` has come.
  [[nodiscard]] std::string read_until(std::string_view end) const {
    std::string all;
    char c = 0;
    while (!all.ends_with(end) && ::recv(fd_, &c, 1, 0) == 1) all += c;
    return all;
  }

 private:
  int fd_;
};

Request post(std::string target, std::string body) {
  Request request;
  request.method = Method::Post;
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

TEST(HttpServer, PostIsEchoed) {
  const Running running;
  const auto answer = fetch(running.address(), post("/x?y=1", "hello"));
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200U);
  EXPECT_EQ(answer->body, "POST /x?y=1 hello");
  EXPECT_EQ(answer->content_type, "text/plain");
}

TEST(HttpServer, HeadHasALengthAndNoBody) {
  const Running running;
  const RawSocket socket(running.address().endpoint);
  socket.send("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  const Running running;
  const RawSocket socket(running.address().endpoint);
  socket.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  const std::size_t first = answer.find("GET /1 ");
  const std::size_t second = answer.find("POST /2 hi");
  const std::size_t third = answer.find("GET /3 ");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST(HttpServer, RequestInSinglePiecesIsPutTogether) {
  const Running running;
  const RawSocket socket(running.address().endpoint);
  for (const char c : std::string("POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")) {
    socket.send(std::string_view(&c, 1));
  }
  EXPECT_THAT(socket.read_all(), EndsWith("POST /p abc"));
}

TEST(HttpServer, ChunkedBodyIsPutTogether) {
  const Running running;
  const RawSocket socket(running.address().endpoint);
  socket.send(
      "POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_THAT(socket.read_all(), EndsWith("POST /c abcdefg"));
}

TEST(HttpServer, ClientThatWaitsIsToldToContinue) {
  const Running running;
  const RawSocket socket(running.address().endpoint);
  socket.send("POST /e HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(socket.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("ok");
  EXPECT_THAT(socket.read_all(), EndsWith("POST /e ok"));
}

struct BadCase {
  const char* name;
  std::string bytes;
  const char* status_line;
};

TEST(HttpServer, BadRequestsAreAnsweredAndClosed) {
  ServerOptions options;
  options.header_bytes_max = 512;
  options.body_bytes_max = 100;
  const Running running(options);
  const std::string long_header = "GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(2000, 'x') + "\r\n\r\n";
  const BadCase cases[] = {
      {"not HTTP", "EHLO me\r\n\r\n", "HTTP/1.1 400 "},
      {"bad version", "GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 "},
      {"bad length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
      {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       "HTTP/1.1 400 "},
      {"large head", long_header, "HTTP/1.1 431 "},
      {"large body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413 "},
  };
  for (const BadCase& bad : cases) {
    const RawSocket socket(running.address().endpoint);
    socket.send(bad.bytes);
    const std::string answer = socket.read_all();
    EXPECT_THAT(answer, StartsWith(bad.status_line)) << bad.name;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << bad.name;
  }
}

TEST(HttpServer, SlowRequestIsGivenUp) {
  ServerOptions options;
  options.request_timeout = std::chrono::milliseconds(50);
  const Running running(options);
  const RawSocket socket(running.address().endpoint);
  socket.send("GET / HTTP/1.1\r\n");
  EXPECT_THAT(socket.read_until("\r\n"), testing::AnyOf("", "HTTP/1.1 408 Request Timeout\r\n"));
}

net::Task<Response> take_a_while(Request request) {
  co_await net::sleep_for(std::chrono::milliseconds(300));
  co_return co_await echo(std::move(request));
}

// Waits until the server has so many connections.
void until_connections(const Server& server, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server.connections() != count && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(server.connections(), count);
}

TEST(HttpServer, OneTooManyIsAnswered503WhereAllAreBeingAnswered) {
  metrics::Registry registry;
  ServerOptions options;
  options.connections_max = 1;
  options.turned_away = &registry.counter("turned_away_total", "");
  const Running running(options, take_a_while);
  const RawSocket first(running.address().endpoint);
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  until_connections(running.server(), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const RawSocket second(running.address().endpoint);
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(first.read_until("GET /1 "), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(options.turned_away->value(), 1U);
}

TEST(HttpServer, LongestIdleConnectionGivesWay) {
  ServerOptions options;
  options.connections_max = 2;
  const Running running(options);
  const RawSocket first(running.address().endpoint);
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(first.read_until("GET /1 "), StartsWith("HTTP/1.1 200 "));
  const RawSocket silent(running.address().endpoint);
  until_connections(running.server(), 2);
  const RawSocket third(running.address().endpoint);
  EXPECT_EQ(first.read_all(), "");
  const RawSocket fourth(running.address().endpoint);
  EXPECT_EQ(silent.read_all(), "");
  third.send("GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(third.read_all(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, IdleConnectionIsClosed) {
  ServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(50);
  const Running running(options);
  const RawSocket socket(running.address().endpoint);
  EXPECT_EQ(socket.read_all(), "");
  until_connections(running.server(), 0);
}

TEST(HttpServer, OneAddressHasItsShareUnlessItIsExempt) {
  ServerOptions options;
  options.connections_per_address_max = 1;
  {
    const Running running(options);
    const RawSocket first(running.address().endpoint);
    until_connections(running.server(), 1);
    const RawSocket second(running.address().endpoint);
    EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
  }
  options.exempt = [](std::string_view address) { return address == "127.0.0.1"; };
  const Running running(options);
  const RawSocket first(running.address().endpoint);
  const RawSocket second(running.address().endpoint);
  until_connections(running.server(), 2);
}

// With TLS every connection begins with a handshake, which a stranger need not go on with.
class HttpServerTls : public testing::Test {
 protected:
  HttpServerTls() {
    certificates_.add("test.example");
    context_ =
        *net::TlsContext::server({certificates_.certificate("test.example"), certificates_.key("test.example"), ""});
    options_.tls = [this] { return context_; };
  }
  net::Certificates certificates_;
  net::TlsContextPtr context_;
  ServerOptions options_;
};

TEST_F(HttpServerTls, HandshakesAreBoundedLikeConnections) {
  options_.connections_max = 2;
  const Running running(options_);
  const RawSocket first(running.address().endpoint);
  until_connections(running.server(), 1);
  const RawSocket second(running.address().endpoint);
  until_connections(running.server(), 2);
  std::vector<std::unique_ptr<RawSocket>> more;
  for (int i = 0; i < 20; ++i) more.push_back(std::make_unique<RawSocket>(running.address().endpoint));
  EXPECT_EQ(first.read_all(), "");
  EXPECT_EQ(second.read_all(), "");
  for (std::size_t i = 0; i + 2 < more.size(); ++i) EXPECT_EQ(more[i]->read_all(), "");
  until_connections(running.server(), 2);
}

TEST_F(HttpServerTls, HandshakeBeyondTheShareOfAnAddressIsClosedAtOnce) {
  options_.connections_per_address_max = 1;
  const Running running(options_);
  const RawSocket first(running.address().endpoint);
  until_connections(running.server(), 1);
  const RawSocket second(running.address().endpoint);
  EXPECT_EQ(second.read_all(), "");
  until_connections(running.server(), 1);
}

TEST_F(HttpServerTls, HandshakeHasADeadline) {
  options_.tls_timeout = std::chrono::milliseconds(50);
  const Running running(options_);
  const RawSocket socket(running.address().endpoint);
  EXPECT_EQ(socket.read_all(), "");
  until_connections(running.server(), 0);
}

TEST(HttpServer, HandlerThatThrowsGives500AndTheServerGoesOn) {
  const Running running;
  Request request;
  request.target = "/throw";
  const auto broken = fetch(running.address(), request);
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->status, 500U);
  request.target = "/fine";
  EXPECT_EQ(fetch(running.address(), request)->status, 200U);
}

TEST(HttpServer, StopEndsIdleConnections) {
  Running running;
  const RawSocket socket(running.address().endpoint);
  socket.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(socket.read_until("GET /1 "), StartsWith("HTTP/1.1 200 "));
  running.server().stop();
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_EQ(running.server().connections(), 0U);
}

TEST(HttpServer, UnixSocketHasItsModeAndTellsTheUser) {
  const TempFolder folder;
  const std::string path = folder.file("admin.sock");
  net::ShardSet shards(1);
  ServerOptions options;
  options.unix_mode = 0620;
  Server server(shards, *net::parse_endpoint("unix:" + path), "test", options, echo);
  ASSERT_TRUE(server.open());
  server.start();
  shards.start();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0620U);
  const auto address = resolve_server("unix:" + path);
  ASSERT_TRUE(address);
  const auto answer = fetch(*address, Request{});
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->fields.find("x-uid"), std::to_string(::getuid()));
  server.stop();
  shards.stop();
}

TEST(HttpClient, NobodyListensIsNoAnswer) {
  const TempFolder folder;
  const auto address = resolve_server("unix:" + folder.file("none"));
  const auto answer = fetch(*address, Request{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::NoAnswer));
}

TEST(HttpClient, BadUrlsAreRefused) {
  for (const char* bad : {"", "unix:", "ftp://x", "https://x", "http://", "http://localhost/path", "admin.sock"}) {
    const auto address = resolve_server(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error(), make_error_code(Errc::BadUrl)) << bad;
  }
  EXPECT_TRUE(resolve_server("http://127.0.0.1:8080/"));
  EXPECT_EQ(net::format_endpoint(resolve_server("http://[::1]:81")->endpoint), "[::1]:81");
}

net::Task<> ask_twice(net::Shard& shard, ServerAddress address, std::vector<std::string>& bodies, std::latch& done) {
  Client client(shard, address.endpoint, address.host);
  for (int i = 0; i < 2; ++i) {
    const auto answer = co_await client.send(post("/" + std::to_string(i), ""));
    bodies.push_back(answer ? answer->body : answer.error().to_string());
  }
  done.count_down();
}

TEST(HttpClient, KeepsItsConnection) {
  Running running;
  std::vector<std::string> bodies;
  std::latch done(1);
  running.shard().spawn("client", ask_twice(running.shard(), running.address(), bodies, done));
  done.wait();
  EXPECT_EQ(bodies, (std::vector<std::string>{"POST /0 ", "POST /1 "}));
}

TEST(Workers, WorkRunsOnAnotherThreadAndItsExceptionComesBack) {
  Workers workers(2, "test");
  auto handler = [](Workers& pool, Request request) -> net::Task<Response> {
    const auto here = std::this_thread::get_id();
    Response response;
    response.body = co_await pool.run([&]() -> std::string {
      if (request.target == "/throw") throw std::runtime_error("on purpose");
      return std::this_thread::get_id() == here ? "same" : "other";
    });
    if (std::this_thread::get_id() != here) response.body += ", not back";
    co_return response;
  };
  net::ShardSet shards(1);
  Server server(shards, *net::make_endpoint("127.0.0.1", 0), "test", {},
                [&](Request request) { return handler(workers, std::move(request)); });
  ASSERT_TRUE(server.open());
  server.start();
  shards.start();
  const ServerAddress address{server.endpoint(), "a"};
  Request request;
  request.target = "/";
  EXPECT_EQ(fetch(address, request)->body, "other");
  request.target = "/throw";
  EXPECT_EQ(fetch(address, request)->status, 500U);
  server.stop();
  shards.stop();
  workers.stop();
}

}  // namespace
}  // namespace penstock::http
