// SPDX-License-Identifier: Apache-2.0
// The control channel of a running simulator: a unix socket, one request and one answer per connection.
//
// On the wire: the request is a JSON array of words on one line, ["set", "receiver=gmail", "down=true"]; the answer one
// JSON object on one line. An answer with "error" holds a sentence that says what was expected.
//
// Threads: the handler runs on shard 0.   Ownership: the shards must outlive the server until close().
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/listener.h"

namespace penstock::sim {

using Words = std::vector<std::string>;

class ControlServer {
 public:
  using Handler = std::function<net::Task<boost::json::object>(Words)>;
  ControlServer(net::ShardSet& shards, const std::string& path, Handler handler);
  Result<> open();
  void start();
  void close() { listener_.reset(); }

 private:
  net::Task<> serve(std::unique_ptr<net::Stream> stream);

  const std::string path_;
  const Handler handler_;
  std::unique_ptr<net::Listener> listener_;
};

// Asks a running simulator and waits for the answer; blocks the thread.
// Errors: Errc::NoControl when nobody answers, Errc::BadArgument with the simulator's words, Errc::Timeout.
[[nodiscard]] Result<boost::json::object> ask(const std::string& path, const Words& request, Duration timeout);

}  // namespace penstock::sim
