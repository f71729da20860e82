// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <vector>

#include "base/log.h"

namespace penstock::net {

using boost::system::error_code;

constexpr std::chrono::seconds kClosing{1};

Listener::Listener(ShardSet& shards, Endpoint endpoint, std::string name, Handler handler)
    : shards_(shards),
      endpoint_(std::move(endpoint)),
      name_(std::move(name)),
      handler_(std::make_shared<const Handler>(std::move(handler))) {}

Listener::~Listener() = default;

// Our shards share a port, and so would another process that asks for the same: it would take half of the connections
// and nobody would know why. A socket that does not share finds out whether somebody is there.
Result<> Listener::refuse_shared_port() const {
  asio::io_context io;
  Acceptor probe(io.get_executor());
  error_code error;
  probe.open(endpoint_.protocol(), error);
  const int on = 1;
  if (!error) ::setsockopt(probe.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!error && endpoint_.protocol().family() == AF_INET6) {
    ::setsockopt(probe.native_handle(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (!error) probe.bind(endpoint_, error);
  if (!error) return {};
  return fail(std::error_code(error.value(), std::system_category()),
              "listening on " + format_endpoint(endpoint_) + " for " + name_);
}

// A socket's file that nobody answers behind was left by a process that was killed.
bool Listener::somebody_answers() const {
  asio::io_context io;
  Socket probe(io.get_executor());
  error_code error;
  probe.connect(endpoint_, error);
  return !error;
}

Result<> Listener::open() {
  const bool is_unix = endpoint_.protocol().family() == AF_UNIX;
  if (!is_unix) {
    if (auto alone = refuse_shared_port(); !alone) return alone;
  }
  const std::size_t count = is_unix ? 1 : shards_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (auto opened = open_on(shards_[i]); !opened) return opened;
  }
  return {};
}

Result<> Listener::open_on(Shard& shard) {
  auto acceptor = std::make_shared<Acceptor>(shard.io().get_executor());
  const int family = endpoint_.protocol().family();
  error_code error;
  acceptor->open(endpoint_.protocol(), error);
  if (!error && family == AF_UNIX) {
    // Asio's endpoint holds the path; a socket file left by a killed process would make bind fail.
    const auto* address = reinterpret_cast<const sockaddr_un*>(endpoint_.data());
    struct stat info {};
    if (::stat(address->sun_path, &info) == 0 && S_ISSOCK(info.st_mode)) {
      if (somebody_answers()) {
        error = boost::system::errc::make_error_code(boost::system::errc::address_in_use);
      } else {
        ::unlink(address->sun_path);
      }
    }
    // Linux gives the file the socket's own mode less the umask: never more than was asked for.
    if (!error && unix_mode_) ::fchmod(acceptor->native_handle(), *unix_mode_);
  } else if (!error) {
    const int on = 1;
    ::setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (family == AF_INET6) ::setsockopt(acceptor->native_handle(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (!error) acceptor->bind(endpoint_, error);
  if (!error && family == AF_UNIX && unix_mode_) {
    const auto* address = reinterpret_cast<const sockaddr_un*>(endpoint_.data());
    if (::chmod(address->sun_path, *unix_mode_) != 0) error = error_code(errno, boost::system::system_category());
  }
  if (!error) acceptor->listen(4096, error);
  if (!error) endpoint_ = acceptor->local_endpoint(error);
  if (error) {
    return fail(std::error_code(error.value(), std::system_category()),
                "listening on " + format_endpoint(endpoint_) + " for " + name_);
  }
  acceptors_.emplace_back(&shard, std::move(acceptor));
  return {};
}

void Listener::start() {
  for (auto& [shard, acceptor] : acceptors_) shard->spawn("accept " + name_, take(acceptor, *shard, name_, handler_));
}

void Listener::stop() {
  std::vector<std::future<void>> closed;
  for (auto& [shard, acceptor] : acceptors_) {
    error_code ignored;
    if (!shards_.runs()) {
      acceptor->close(ignored);
      continue;
    }
    const auto done = std::make_shared<std::promise<void>>();
    closed.push_back(done->get_future());
    shard->post([acceptor = acceptor, done] {
      error_code trouble;
      acceptor->close(trouble);
      done->set_value();
    });
  }
  // Who connects to one that is still open when the shards end would wait for an answer that nobody gives.
  const auto deadline = std::chrono::steady_clock::now() + kClosing;
  for (const auto& one : closed) (void)one.wait_until(deadline);
}

Task<> Listener::take(std::shared_ptr<Acceptor> acceptor, Shard& shard, std::string name,
                      std::shared_ptr<const Handler> handler) {
  while (acceptor->is_open()) {
    Socket socket(shard.io().get_executor());
    const auto [error] = co_await acceptor->async_accept(socket, kAwait);
    if (!acceptor->is_open()) co_return;
    if (error) {
      // Out of descriptors or memory: the connection stays in the kernel's queue until others have ended.
      if (error != asio::error::connection_aborted) {
        log::warn("net", "{} cannot take a connection: {}", name, error.message());
        co_await sleep_for(std::chrono::milliseconds(100));
      }
      continue;
    }
    shard.spawn(name, (*handler)(std::make_unique<Stream>(shard, std::move(socket))));
  }
}

}  // namespace penstock::net
