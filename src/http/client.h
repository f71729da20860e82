// SPDX-License-Identifier: Apache-2.0
// Client: asks one HTTP/1.1 server, one request at a time over a kept connection. fetch(): the same for a program that
// may block, such as the command line.
//
// Use:  Client client(shard, endpoint, "mta1.example", options);
//       auto answer = co_await client.send(request);    if (!answer) …;   if (answer->status != 200) …
// Owns: its connection.   Threads: the shard's.
// Errors: of http::Errc. A kept connection that the server closed meanwhile is opened anew once, for requests without
//   effects (GET, HEAD) only: a POST is never sent twice.
// Limits: ClientOptions. No redirects, no proxies. A status of 400 or above is an answer, not an error.
// TLS: with ClientOptions::tls, to a server whose certificate is trusted and names the host; else Errc::NotTrusted.
// See: RFC 9112; a body is sent with its length, never in chunks, and taken in either form.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "net/stream.h"

namespace penstock::http {

struct ClientOptions {
  Duration connect_timeout{std::chrono::seconds{5}};  // until the connection is there
  Duration answer_timeout{std::chrono::seconds{60}};  // without a byte of the answer arriving
  Duration whole_timeout{0};                          // from the answer's first byte to its last; zero: no bound
  std::size_t header_bytes_max = 64 * 1024;           // above: HeaderTooLarge
  std::size_t body_bytes_max = 64 * 1024 * 1024;      // above: BodyTooLarge
  net::TlsContextPtr tls{};  // https; the host's name, without a port, must be in the certificate
};

class Client {
 public:
  // `host` is sent as the Host field.
  Client(net::Shard& shard, net::Endpoint endpoint, std::string host, ClientOptions options = {});
  // Host and Content-Length are written here; leave them out of the request's fields. The answer is whole.
  net::Task<Result<Response>> send(Request request);

 private:
  // One request over stream_, which it takes and puts back when the server keeps the connection.
  net::Task<Result<Response>> exchange(const Request& request);
  net::Task<Result<>> shake_hands();

  net::Shard& shard_;
  const net::Endpoint endpoint_;
  const std::string host_;
  const ClientOptions options_;
  std::unique_ptr<net::Stream> stream_;  // kept while the server allows it
};

// Where a server is: "unix:/run/penstock/admin.sock" or "http://host[:port][/]". Names are looked up, which may block.
struct ServerAddress {
  net::Endpoint endpoint;
  std::string host;  // for the Host field
};
[[nodiscard]] Result<ServerAddress> resolve_server(std::string_view url);

// One request over a connection of its own. Blocks the calling thread.
[[nodiscard]] Result<Response> fetch(const ServerAddress& server, Request request, ClientOptions options = {});

}  // namespace penstock::http
