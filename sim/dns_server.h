// SPDX-License-Identifier: Apache-2.0
// DnsServer: answers DNS questions about a Zone over UDP and TCP.
//
// Use:  DnsServer dns(shards, Zone(scenario), tally, endpoint);   if (auto r = dns.open(); !r) …;   dns.start();
// Ownership: shards and tally must outlive it; close() after the shards have stopped and before they are destroyed.
// Threads: UDP on shard 0, TCP on all; one lock guards the zone. set_*() from any. open(), start() before the shards
// run. Errors: open() names the address. With port 0 the system chooses one that is free for both protocols. Limits:
// 100 TCP connections, each closed after 10 s of silence.
#pragma once

#include <atomic>
#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "net/listener.h"
#include "net/shard.h"
#include "sim/tally.h"
#include "sim/zone.h"

namespace penstock::sim {

class DnsServer {
 public:
  DnsServer(net::ShardSet& shards, Zone zone, Tally& tally, net::Endpoint endpoint);
  Result<> open();
  void start();
  void close();
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
  // As the functions of Zone.
  void set_all(DnsMode mode);
  void set_mode(const std::string& pattern, DnsMode mode);

 private:
  using Udp = boost::asio::ip::udp;
  using Socket = boost::asio::basic_datagram_socket<Udp, net::Executor>;
  Result<> open_once();
  net::Task<> serve_udp();
  net::Task<> serve_tcp(std::unique_ptr<net::Stream> stream);
  // Empty: nothing is to be said.
  [[nodiscard]] std::string reply_to(std::string_view packet, bool by_udp);

  net::ShardSet& shards_;
  std::mutex mutex_;
  Zone zone_;  // guarded by mutex_
  Tally& tally_;
  net::Endpoint endpoint_;
  std::unique_ptr<Socket> udp_;
  std::unique_ptr<net::Listener> tcp_;
  std::atomic<int> tcp_connections_{0};
};

}  // namespace penstock::sim
