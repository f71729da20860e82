// SPDX-License-Identifier: Apache-2.0
// Server: answers HTTP/1.1 on one address. It knows no endpoint: each request goes to one handler.
//
// Use:  Server server(shards, endpoint, "admin", options, [&](Request r) { return answer(std::move(r)); });
//       if (auto opened = server.open(); !opened) …;   server.start();   …   server.stop();
// Owns: its connections. The shards and what the handler refers to must outlive the server; stop the shards before the
//   server goes, for a handler may still be waiting there.
// TLS: with ServerOptions::tls each connection begins with a handshake, by the context it gives then; a nullptr drops
// it. Threads: the handler is a coroutine on the shard that took the connection: it must not block (see Workers). An
//   exception that leaves it is logged and answered with 500. open(), start(), stop() from any other thread.
// Errors: open() names the address. A malformed request is answered 400, a large head 431, a large body 413, each with
//   the connection closed after; a slow client is dropped.
// Limits: ServerOptions. When all places are taken the connection that has waited longest for a request gives way to a
//   new one. A new one is answered 503 (with TLS: closed before its handshake) where each is being answered, or its
//   address has its share. One request at a time is handled per connection; pipelined ones wait their turn.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "metrics/metrics.h"
#include "net/listener.h"
#include "net/tls_context.h"

namespace penstock::http {

struct ServerOptions {
  std::size_t header_bytes_max = 16 * 1024;            // all header lines; above: 431
  std::size_t body_bytes_max = 1024 * 1024;            // above: 413, before the body is read
  Duration request_timeout{std::chrono::seconds{10}};  // for a whole request once its first byte is there
  Duration idle_timeout{std::chrono::seconds{60}};     // between requests of one connection
  Duration write_timeout{std::chrono::seconds{30}};    // without the peer taking a byte of the answer
  std::size_t connections_max = 256;                   // at once, handshakes among them (ConnectionTable)
  std::size_t connections_per_address_max = 0;         // of one client (ConnectionTable); 0: no bound
  std::function<bool(std::string_view)> exempt{};      // addresses without that bound; called by any shard
  metrics::Counter* turned_away = nullptr;             // counts connections beyond the bounds
  std::function<net::TlsContextPtr()> tls{};           // of a TCP socket; none: plain HTTP
  Duration tls_timeout{std::chrono::seconds{10}};      // for the handshake
  std::optional<mode_t> unix_mode;                     // of a unix socket's file; unset: as the umask says
};

class Server {
 public:
  using Handler = std::function<net::Task<Response>(Request)>;

  // `name` appears in the log.
  Server(net::ShardSet& shards, net::Endpoint endpoint, std::string name, ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds; with port 0 the system chooses one.
  Result<> open();
  void start();
  // Takes no more connections; those there are end with the answer they are at.
  void stop();
  [[nodiscard]] const net::Endpoint& endpoint() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;  // shared with the connections
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace penstock::http
