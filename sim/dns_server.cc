// SPDX-License-Identifier: Apache-2.0
#include "sim/dns_server.h"

#include <array>
#include <cstring>

#include "base/log.h"

namespace penstock::sim {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr int kTcpMax = 100;
constexpr Duration kTcpTimeout{10s};
constexpr std::size_t kTcpSizeMax = 65535;

}  // namespace

DnsServer::DnsServer(net::ShardSet& shards, Zone zone, Tally& tally, net::Endpoint endpoint)
    : shards_(shards), zone_(std::move(zone)), tally_(tally), endpoint_(std::move(endpoint)) {}

Result<> DnsServer::open() {
  // A port that the system chose for UDP may be taken for TCP: another is tried then.
  const net::Endpoint wanted = endpoint_;
  Result<> opened = open_once();
  for (int tries = 0; !opened && tries < 20; ++tries) {
    endpoint_ = wanted;
    opened = open_once();
  }
  return opened;
}

Result<> DnsServer::open_once() {
  Udp::endpoint udp_endpoint;
  std::memcpy(udp_endpoint.data(), endpoint_.data(), endpoint_.size());
  udp_ = std::make_unique<Socket>(shards_[0].io().get_executor());
  error_code error;
  udp_->open(udp_endpoint.protocol(), error);
  if (!error) udp_->bind(udp_endpoint, error);
  if (!error) udp_endpoint = udp_->local_endpoint(error);
  if (error) {
    return fail(std::error_code(error.value(), std::system_category()),
                "DNS on UDP " + net::format_endpoint(endpoint_));
  }
  auto tcp_endpoint = net::make_endpoint(udp_endpoint.address().to_string(), udp_endpoint.port());
  if (!tcp_endpoint) return fail(tcp_endpoint.error());
  endpoint_ = *tcp_endpoint;
  tcp_ = std::make_unique<net::Listener>(
      shards_, endpoint_, "dns", [this](std::unique_ptr<net::Stream> stream) { return serve_tcp(std::move(stream)); });
  return tcp_->open();
}

void DnsServer::start() {
  shards_[0].spawn("dns udp", serve_udp());
  tcp_->start();
}

void DnsServer::close() {
  error_code ignored;
  udp_->close(ignored);
  tcp_.reset();
}

void DnsServer::set_all(DnsMode mode) {
  const std::lock_guard lock(mutex_);
  zone_.set_all(mode);
}

void DnsServer::set_mode(const std::string& pattern, DnsMode mode) {
  const std::lock_guard lock(mutex_);
  zone_.set_mode(pattern, mode);
}

std::string DnsServer::reply_to(std::string_view packet, bool by_udp) {
  const auto query = dns::parse_query(packet);
  if (!query) return query.error().respond ? dns::format_refusal(query.error()) : std::string();
  tally_.dns_query(dns::to_string(query->type));
  const std::lock_guard lock(mutex_);
  const auto response = zone_.answer(*query);
  if (!response) return {};
  return dns::format_response(*query, *response, by_udp ? query->udp_size : kTcpSizeMax);
}

net::Task<> DnsServer::serve_udp() {
  std::array<char, 4096> buffer{};
  while (udp_->is_open()) {
    Udp::endpoint from;
    const auto [error, bytes] = co_await udp_->async_receive_from(boost::asio::buffer(buffer), from, net::kAwait);
    if (error) continue;  // a reset told by ICMP, when a client has left
    const std::string reply = reply_to({buffer.data(), bytes}, true);
    if (!reply.empty()) co_await udp_->async_send_to(boost::asio::buffer(reply), from, net::kAwait);
  }
}

net::Task<> DnsServer::serve_tcp(std::unique_ptr<net::Stream> stream) {
  if (++tcp_connections_ > kTcpMax) {
    --tcp_connections_;
    co_return;
  }
  std::string unread;
  std::array<char, 4096> buffer{};
  for (;;) {
    const net::Io got = co_await stream->read_some(buffer, kTcpTimeout);
    if (got.bytes == 0) break;
    unread.append(buffer.data(), got.bytes);
    while (unread.size() >= 2) {
      const std::size_t length =
          static_cast<std::size_t>(static_cast<unsigned char>(unread[0])) << 8 | static_cast<unsigned char>(unread[1]);
      if (unread.size() < length + 2) break;
      const std::string reply = reply_to(std::string_view(unread).substr(2, length), false);
      unread.erase(0, length + 2);
      if (reply.empty()) continue;
      const std::array<char, 2> prefix{static_cast<char>(reply.size() >> 8), static_cast<char>(reply.size() & 0xFF)};
      const std::array<std::string_view, 2> chunks{std::string_view(prefix.data(), prefix.size()), reply};
      co_await stream->write(chunks, kTcpTimeout);
    }
  }
  --tcp_connections_;
}

}  // namespace penstock::sim
