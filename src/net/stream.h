// SPDX-License-Identifier: Apache-2.0
// Stream: one connection (TCP, TLS on it, or a unix socket) on one shard, with a deadline on every wait.
//
// Use:  auto stream = co_await connect(shard, remote, source, 30s);
//       auto got = co_await stream->read_some(buffer, 5min);   if (got.bytes == 0) …  got.error says why
// Threads: the shard's.   One read and one write may wait at the same time, not two of a kind.
// Errors: std::errc::timed_out when the deadline passed; Errc eof is reported as bytes 0 with `closed` set; trouble of
// TLS as std::errc::protocol_error.   Costs: a plain stream pays for TLS with one test of a pointer.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/shard.h"
#include "net/task.h"
#include "net/tls_channel.h"

namespace penstock::net {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Endpoint = asio::generic::stream_protocol::endpoint;

struct Io {
  std::size_t bytes = 0;
  bool closed = false;    // the peer ended the stream in order
  std::error_code error;  // none when bytes > 0 or closed
  [[nodiscard]] bool timed_out() const { return error == std::errc::timed_out; }
  // "closed by peer", "timed out", or the system's words.
  [[nodiscard]] std::string to_string() const;
};

class Stream {
 public:
  Stream(Shard& shard, Socket socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // At least one byte, unless the stream ended or failed. The deadline covers this read alone; when it passes, a write
  // that waits ends too, and the stream can still be written to.
  Task<Io> read_some(std::span<char> into, Duration timeout);
  // All of it, in few system calls. The chunks must stay valid until the write is done.
  Task<Io> write(std::span<const std::string_view> chunks, Duration timeout);
  Task<Io> write(std::string_view bytes, Duration timeout);
  // From here on everything is encrypted. Once per stream; nothing may be waiting. When it fails, the stream is of no
  // more use. `timeout` is for the whole handshake.
  Task<Result<TlsFacts>> start_tls(TlsContextPtr context, TlsAsk ask, Duration timeout);  // as the client
  Task<Result<TlsFacts>> accept_tls(TlsContextPtr context, Duration timeout);             // as the server
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }

  // Bytes that can be read without waiting (with TLS perhaps none of them data); 0 if none or the stream has ended.
  [[nodiscard]] std::size_t readable() const;
  // The peer has neither sent anything nor closed: a kept connection may be used again. One system call.
  [[nodiscard]] bool quiet() const;

  // Ends pending operations with operation_aborted. May be called on the shard at any time.
  void close();
  // As close(), but the peer sees a reset and what was not yet sent is lost.
  void abort();
  // Ends the read that waits, as if the peer had closed; writing goes on.
  void stop_reading();
  // Tells the peer that we are done; reading goes on.
  void stop_writing();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] Shard& shard() { return shard_; }
  // "192.0.2.1", "2001:db8::1", or "unix".
  [[nodiscard]] const std::string& peer_address() const { return peer_address_; }
  [[nodiscard]] std::uint16_t peer_port() const { return peer_port_; }
  [[nodiscard]] const std::string& local_address() const { return local_address_; }
  [[nodiscard]] std::uint16_t local_port() const { return local_port_; }
  // The user the peer ran as when it connected; unix sockets only.
  [[nodiscard]] std::optional<std::uint32_t> peer_uid() const;

 private:
  void cancel();
  Task<Result<TlsFacts>> shake_hands(Duration timeout);
  Task<Io> read_tls(std::span<char> into, Duration timeout);
  Task<Io> write_tls(std::span<const std::string_view> chunks, Duration timeout);
  // Until the socket is ready for what the channel wants; the error of the wait.
  Task<boost::system::error_code> wait_for(TlsChannel::Wait what, const Watch& watch);
  Io to_io(const boost::system::error_code& error, std::size_t bytes, const Watch& watch) const;

  Shard& shard_;
  Socket socket_;
  Watch read_watch_;
  Watch write_watch_;
  std::unique_ptr<TlsChannel> tls_;  // none: plain
  std::string peer_address_;
  std::uint16_t peer_port_ = 0;
  std::string local_address_;
  std::uint16_t local_port_ = 0;
};

// "127.0.0.1:25", "[::1]:25", "unix:/path". Names are not looked up. Errors name what was expected.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] Result<Endpoint> make_endpoint(std::string_view ip_address, std::uint16_t port);
// "127.0.0.1:25"
[[nodiscard]] std::string format_endpoint(const Endpoint& endpoint);

// `source` is our address to leave from; empty: the system chooses. Parameters by value: they live in the coroutine.
Task<Result<std::unique_ptr<Stream>>> connect(Shard& shard, Endpoint remote, std::string source, Duration timeout);

// True if a socket can be bound to this address, that is, the machine has it.
[[nodiscard]] bool address_is_local(std::string_view ip_address);

}  // namespace penstock::net
