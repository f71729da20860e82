// SPDX-License-Identifier: Apache-2.0
#include "sim/control.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>

#include "base/plain_json.h"
#include "sim/errc.h"

namespace penstock::sim {
namespace {

namespace json = boost::json;
constexpr std::size_t kRequestMax = 64 * 1024;
constexpr Duration kTimeout{std::chrono::seconds{10}};

// Closes itself.
class UnixSocket {
 public:
  UnixSocket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~UnixSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Result<Words> parse_words(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse({line.data(), line.size()}, error);
  Words words;
  if (!error && value.is_array()) {
    for (const json::value& word : value.as_array()) {
      if (word.is_string()) words.emplace_back(word.as_string());
    }
    if (words.size() == value.as_array().size() && !words.empty()) return words;
  }
  return fail(Errc::BadArgument, "a request is a JSON array of words");
}

}  // namespace

ControlServer::ControlServer(net::ShardSet& shards, const std::string& path, Handler handler)
    : path_(path), handler_(std::move(handler)) {
  if (const auto endpoint = net::parse_endpoint("unix:" + path)) {
    listener_ = std::make_unique<net::Listener>(
        shards, *endpoint, "control", [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); });
  }
}

Result<> ControlServer::open() {
  if (!listener_) return fail(Errc::BadArgument, "\"" + path_ + "\" is no path for a socket");
  return listener_->open();
}

void ControlServer::start() {
  listener_->start();
}

net::Task<> ControlServer::serve(std::unique_ptr<net::Stream> stream) {
  std::string line;
  std::array<char, 4096> buffer{};
  while (line.find('\n') == std::string::npos) {
    const net::Io got = co_await stream->read_some(buffer, kTimeout);
    if (got.bytes == 0 || line.size() > kRequestMax) co_return;
    line.append(buffer.data(), got.bytes);
  }
  auto words = parse_words(std::string_view(line).substr(0, line.find('\n')));
  json::object answer;
  if (words) {
    answer = co_await handler_(std::move(*words));
  } else {
    answer["error"] = words.error().detail;
  }
  const std::string text = plain_json(answer) + "\n";
  co_await stream->write(text, kTimeout);
}

Result<json::object> ask(const std::string& path, const Words& request, Duration timeout) {
  const UnixSocket socket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Errc::BadArgument, "the path of the control socket is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(Errc::NoControl, path + ": " + std::strerror(errno));
  }
  const timeval limit{std::chrono::duration_cast<std::chrono::seconds>(timeout).count(), timeout.count() % 1'000'000};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  json::array words(request.begin(), request.end());
  const std::string line = json::serialize(words) + "\n";
  if (::send(socket.fd(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
    return fail(Errc::NoControl, path + ": " + std::strerror(errno));
  }
  std::string text;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno == EAGAIN ? Errc::Timeout : Errc::NoControl, path + ": " + std::strerror(errno));
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return fail(Errc::NoControl, path + ": the simulator ended before it answered");
  if (const json::value* problem = value.as_object().if_contains("error")) {
    return fail(Errc::BadArgument, std::string(problem->as_string()));
  }
  return std::move(value.as_object());
}

}  // namespace penstock::sim
