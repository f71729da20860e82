// SPDX-License-Identifier: Apache-2.0
// Listener: takes connections on one address, on every shard at once (SO_REUSEPORT), and hands each to a handler
// coroutine on the shard that took it.
//
// Use:  Listener smtp(shards, endpoint, [&](std::unique_ptr<Stream> s) { return serve(std::move(s)); });
//       if (auto r = smtp.open(); !r) …;   smtp.start();   …   smtp.stop();
// Threads: open() and start() before or after the shards run; stop() from any thread but a shard's own handler.
// Errors: open() names the address and the reason, somebody else's listening there included. When the process is out of
// descriptors, taking pauses and goes on.
#pragma once

#include <sys/types.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/shard.h"
#include "net/stream.h"

namespace penstock::net {

class Listener {
 public:
  using Handler = std::function<Task<>(std::unique_ptr<Stream>)>;

  // `name` appears in the log. The shards must outlive the listener.
  Listener(ShardSet& shards, Endpoint endpoint, std::string name, Handler handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The mode of a unix socket's file, whatever the umask; before open(). Nobody else can connect in between.
  void set_unix_mode(mode_t mode) { unix_mode_ = mode; }
  // Binds. With port 0 the system chooses one: see endpoint(). A unix socket's stale file is replaced, a live one
  // refused.
  Result<> open();
  // Begins to take connections.
  void start();
  // Takes no more; connections already handed over go on. When it returns nobody can connect any more: it waits for the
  // shards to close, a second at most (when one of them is stuck). Not from a shard that runs.
  void stop();
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;
  [[nodiscard]] Result<> refuse_shared_port() const;
  [[nodiscard]] bool somebody_answers() const;
  Result<> open_on(Shard& shard);
  static Task<> take(std::shared_ptr<Acceptor> acceptor, Shard& shard, std::string name,
                     std::shared_ptr<const Handler> handler);

  ShardSet& shards_;
  Endpoint endpoint_;
  std::optional<mode_t> unix_mode_;
  const std::string name_;
  const std::shared_ptr<const Handler> handler_;
  // One per shard (one in all for a unix socket); each touched on its shard once started.
  std::vector<std::pair<Shard*, std::shared_ptr<Acceptor>>> acceptors_;
};

}  // namespace penstock::net
