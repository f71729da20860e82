// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <sys/socket.h>

#include <fmt/format.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/container/small_vector.hpp>
#include <charconv>
#include <cstring>

#include "net/write_time.h"

namespace penstock::net {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kDialogueBytes = 4096;  // a read into as much or less waits for an answer, not for data

struct HostPort {
  std::string address;
  std::uint16_t port = 0;
};

HostPort describe(const Endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  if (family == AF_UNIX) return {"unix", 0};
  tcp::endpoint ip;
  if (endpoint.size() > ip.capacity()) return {"unknown", 0};
  std::memcpy(ip.data(), endpoint.data(), endpoint.size());
  ip.resize(endpoint.size());
  auto address = ip.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return {address.to_string(), ip.port()};
}

Error connect_error(const error_code& error, const Endpoint& remote) {
  return Error{std::error_code(error.value(), std::system_category()), "connecting to " + format_endpoint(remote)};
}

Io too_late() {
  return {0, false, std::make_error_code(std::errc::timed_out)};
}

}  // namespace

std::string Io::to_string() const {
  if (closed) return "closed by peer";
  if (timed_out()) return "timed out";
  return error ? error.message() : "ok";
}

Stream::Stream(Shard& shard, Socket socket)
    : shard_(shard), socket_(std::move(socket)), read_watch_([this] { cancel(); }), write_watch_([this] { close(); }) {
  shard_.watches().add(read_watch_);
  shard_.watches().add(write_watch_);
  error_code error;
  socket_.non_blocking(true, error);
  if (const auto remote = socket_.remote_endpoint(error); !error) {
    const auto [address, port] = describe(remote);
    peer_address_ = address;
    peer_port_ = port;
    if (remote.protocol().family() != AF_UNIX) socket_.set_option(tcp::no_delay(true), error);
  }
  if (const auto local = socket_.local_endpoint(error); !error) {
    const auto [address, port] = describe(local);
    local_address_ = address;
    local_port_ = port;
  }
}

Stream::~Stream() = default;

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

void Stream::abort() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

// A read that came to its deadline ends; the stream stays usable, so that a last word can be said.
void Stream::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::stop_reading() {
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_receive, ignored);
}

void Stream::stop_writing() {
  error_code ignored;
  if (tls_ && socket_.is_open()) tls_->say_goodbye();
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

std::size_t Stream::readable() const {
  error_code error;
  const std::size_t bytes = socket_.available(error) + (tls_ ? tls_->pending() : 0);
  return error ? 0 : bytes;
}

bool Stream::quiet() const {
  if (!socket_.is_open()) return false;
  if (tls_) return tls_->quiet();
  // Asio's getter is not const; the descriptor is not changed.
  const int fd = const_cast<Socket&>(socket_).native_handle();
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::optional<std::uint32_t> Stream::peer_uid() const {
  if (peer_address_ != "unix") return std::nullopt;
  // Asio's getter is not const; the descriptor is not changed.
  const int fd = const_cast<Socket&>(socket_).native_handle();
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

Io Stream::to_io(const error_code& error, std::size_t bytes, const Watch& watch) const {
  if (!error) return {bytes, false, {}};
  if (watch.expired()) return {bytes, false, std::make_error_code(std::errc::timed_out)};
  if (error == asio::error::eof) return {bytes, true, {}};
  return {bytes, false, std::error_code(error.value(), std::system_category())};
}

Task<Io> Stream::read_some(std::span<char> into, Duration timeout) {
  if (timeout <= Duration::zero()) co_return too_late();
  if (tls_) co_return co_await read_tls(into, timeout);
  // Asio takes what is there already, but hands it over only after the shard's other work. In a dialogue, that is with
  // a small buffer, nothing may come between reading an answer and noting what it says: a kill meanwhile would repeat
  // the message. Who streams data reads with large ones and waits for his turn.
  if (into.size() <= kDialogueBytes) {
    const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) co_return Io{static_cast<std::size_t>(got), false, {}};
  }
  read_watch_.set(timeout);
  const auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kAwait);
  read_watch_.clear();
  co_return to_io(error, bytes, read_watch_);
}

Task<Io> Stream::write(std::string_view bytes, Duration timeout) {
  const std::array<std::string_view, 1> one{bytes};
  co_return co_await write(std::span<const std::string_view>(one), timeout);
}

// One deadline covers progress and starts anew whenever the peer took some bytes; the other covers the whole.
Task<Io> Stream::write(std::span<const std::string_view> chunks, Duration timeout) {
  if (tls_) co_return co_await write_tls(chunks, timeout);
  boost::container::small_vector<asio::const_buffer, 8> left;
  std::size_t total = 0;
  for (const std::string_view chunk : chunks) {
    if (chunk.empty()) continue;
    left.emplace_back(chunk.data(), chunk.size());
    total += chunk.size();
  }
  std::span<asio::const_buffer> rest(left);
  const WriteTime time(total, timeout);
  while (!rest.empty()) {
    const Duration left_now = time.left();
    if (left_now <= Duration::zero()) co_return too_late();
    write_watch_.set(left_now);
    auto [error, bytes] = co_await socket_.async_write_some(rest, kAwait);
    write_watch_.clear();
    if (error) co_return to_io(error, total, write_watch_);
    while (!rest.empty() && bytes >= rest.front().size()) {
      bytes -= rest.front().size();
      rest = rest.subspan(1);
    }
    if (bytes > 0) rest.front() += bytes;
  }
  co_return Io{total, false, {}};
}

Result<Endpoint> make_endpoint(std::string_view ip_address, std::uint16_t port) {
  error_code error;
  const auto address = asio::ip::make_address(std::string(ip_address), error);
  if (error) {
    return fail(std::make_error_code(std::errc::invalid_argument),
                fmt::format("\"{}\" is not an IP address", ip_address));
  }
  return Endpoint(tcp::endpoint(address, port));
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with("unix:")) return Endpoint(asio::local::stream_protocol::endpoint(std::string(text.substr(5))));
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool bare_v6 = !bracketed && host.find(':') != std::string_view::npos;
    if (error == std::errc{} && end == digits.data() + digits.size() && !bare_v6) return make_endpoint(host, port);
  }
  return fail(std::make_error_code(std::errc::invalid_argument),
              fmt::format("\"{}\" is not an address with a port, as \"192.0.2.1:25\", \"[2001:db8::1]:25\" or "
                          "\"unix:/run/lmtp.sock\"",
                          text));
}

std::string format_endpoint(const Endpoint& endpoint) {
  const auto [address, port] = describe(endpoint);
  if (address.find(':') != std::string::npos) return fmt::format("[{}]:{}", address, port);
  return endpoint.protocol().family() == AF_UNIX ? address : fmt::format("{}:{}", address, port);
}

Task<Result<std::unique_ptr<Stream>>> connect(Shard& shard, Endpoint remote, std::string source, Duration timeout) {
  Socket socket(shard.io().get_executor());
  error_code error;
  socket.open(remote.protocol(), error);
  if (!error && !source.empty()) {
    const auto local = make_endpoint(source, 0);
    if (!local) co_return fail(local.error());
    // The port is chosen at connect, so that one address can hold more than 28,000 connections to different peers.
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    socket.bind(*local, error);
  }
  if (error) co_return fail(connect_error(error, remote));
  Watch watch([&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  shard.watches().add(watch);
  watch.set(timeout);
  std::tie(error) = co_await socket.async_connect(remote, kAwait);
  if (error && watch.expired()) error = asio::error::timed_out;
  if (error) co_return fail(connect_error(error, remote));
  co_return std::make_unique<Stream>(shard, std::move(socket));
}

bool address_is_local(std::string_view ip_address) {
  const auto endpoint = make_endpoint(ip_address, 0);
  if (!endpoint) return false;
  asio::io_context io;
  error_code error;
  Socket socket(io.get_executor());
  socket.open(endpoint->protocol(), error);
  if (!error) socket.bind(*endpoint, error);
  return !error;
}

}  // namespace penstock::net
