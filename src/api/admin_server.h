// SPDX-License-Identifier: Apache-2.0
// AdminServer: the admin API of a daemon, on a unix socket, and its metrics on a TCP address where one is asked for.
//
// Use:  AdminServer server(operations, {.socket = "/run/penstock/admin.sock", .metrics = endpoint});
//       if (auto opened = server.open(); !opened) …;   server.start();   …   server.stop();
// Owns: its threads: one for the connections, `worker_threads` on which Operations are called. `operations` must
// outlive
//   the server, and answer until stop() has returned.
// Threads: open(), start(), stop() from one thread, which is not one of the server's.
// Errors: open() says which address cannot be had, and the remedy.
// Security: whoever may open the socket's file may do everything; its mode and the folder's are the guard. The TCP
//   address serves /metrics and /healthz only.
// Limits: request bodies 1 MiB, heads 16 KiB, 256 connections, a long-poll waits 30 s.   See: api/openapi.yaml
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "api/operations.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/stream.h"

namespace penstock::api {

struct AdminOptions {
  std::string socket{};                    // path; the folder must exist. A file left by a killed daemon is replaced
  mode_t socket_mode = 0660;               // of the socket's file, whatever the umask
  std::optional<net::Endpoint> metrics{};  // port 0: the system chooses
  std::size_t worker_threads = 2;          // at least 1
  const Clock* clock = nullptr;            // for tests; none: the system's. Must outlive the server
};

class AdminServer {
 public:
  AdminServer(Operations& operations, AdminOptions options);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  Result<> open();
  void start();
  // Takes no more requests, lets Operations calls that have begun come back, removes the socket's file, joins.
  void stop();
  // Where the metrics are served, once open.
  [[nodiscard]] std::optional<net::Endpoint> metrics_endpoint() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::api
