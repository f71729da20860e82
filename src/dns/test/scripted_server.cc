// SPDX-License-Identifier: Apache-2.0
#include "dns/test/scripted_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::dns {
namespace {

constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kSoa = 6;
constexpr std::size_t kHeader = 12;

std::string u16(std::uint16_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}
std::string u32(std::uint32_t value) {
  return u16(static_cast<std::uint16_t>(value >> 16U)) + u16(static_cast<std::uint16_t>(value & 0xFFFFU));
}
std::string record(std::string_view owner, std::uint16_t type, std::uint32_t ttl, const std::string& data) {
  return wire_name(owner) + u16(type) + u16(1) + u32(ttl) + u16(static_cast<std::uint16_t>(data.size())) + data;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool bind_to(int fd, std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  PENSTOCK_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

bool read_whole(int fd, std::string& into) {
  return ::recv(fd, into.data(), into.size(), MSG_WAITALL) == static_cast<ssize_t>(into.size());
}

}  // namespace

std::string wire_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire + '\0';
}

std::string mx_data(std::uint16_t preference, std::string_view host) {
  return u16(preference) + wire_name(host);
}

std::string address_data(const std::string& address) {
  std::array<char, 16> bytes{};
  const bool is_v6 = address.find(':') != std::string::npos;
  PENSTOCK_CHECK(::inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1);
  return {bytes.data(), is_v6 ? 16U : 4U};
}

std::string text_data(const std::vector<std::string>& strings) {
  std::string data;
  for (const std::string& one : strings) data += static_cast<char>(one.size()) + one;
  return data;
}

ScriptedServer::ScriptedServer() {
  // A port that is free for UDP need not be free for TCP.
  for (int attempt = 0; attempt < 50 && port_ == 0; ++attempt) {
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PENSTOCK_CHECK(udp_ >= 0 && tcp_ >= 0 && bind_to(udp_, 0));
    if (bind_to(tcp_, port_of(udp_)) && ::listen(tcp_, 16) == 0) {
      port_ = port_of(udp_);
    } else {
      ::close(udp_);
      ::close(tcp_);
    }
  }
  PENSTOCK_CHECK(port_ != 0);
  const int buffer_bytes = 4 << 20;
  ::setsockopt(udp_, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

ScriptedServer::~ScriptedServer() {
  const std::uint64_t one = 1;
  PENSTOCK_CHECK(::write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_}) ::close(fd);
}

void ScriptedServer::add(const std::string& name, std::uint16_t type, std::string data, std::uint32_t ttl) {
  const std::lock_guard lock(mutex_);
  names_[name].push_back({type, ttl, std::move(data)});
}

void ScriptedServer::set_mode(const std::string& name, Mode mode) {
  const std::lock_guard lock(mutex_);
  modes_[name] = mode;
}

std::string ScriptedServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void ScriptedServer::run() {
  std::array<pollfd, 3> fds{pollfd{udp_, POLLIN, 0}, pollfd{tcp_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
  while (::poll(fds.data(), fds.size(), -1) >= 0 && fds[2].revents == 0) {
    if (fds[0].revents != 0) serve_udp();
    if (fds[1].revents != 0) serve_tcp();
  }
}

void ScriptedServer::serve_udp() {
  std::string query(4096, '\0');
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const ssize_t got = ::recvfrom(udp_, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size);
  if (got < 0) return;
  query.resize(static_cast<std::size_t>(got));
  ++udp_count_;
  const std::string answer = answer_to(query, true);
  if (!answer.empty()) {
    ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&peer), size);
  }
}

// One question a connection is all that tests need.
void ScriptedServer::serve_tcp() {
  const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  std::string length(2, '\0');
  if (read_whole(fd, length)) {
    std::string query(static_cast<unsigned char>(length[0]) * 256U + static_cast<unsigned char>(length[1]), '\0');
    if (read_whole(fd, query)) {
      ++tcp_count_;
      std::string answer = answer_to(query, false);
      answer = u16(static_cast<std::uint16_t>(answer.size())) + answer;
      [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  ::close(fd);
}

std::string ScriptedServer::find_answers(const std::string& name, std::uint16_t type, bool garbled, int& count) const {
  std::string answers;
  std::string owner = name;
  for (int hops = 0; hops < 5; ++hops) {
    const auto known = names_.find(owner);
    if (known == names_.end()) break;
    std::string target;
    for (const Record& one : known->second) {
      if (one.type == kCname) target = one.data;
      if (one.type != type && one.type != kCname) continue;
      const std::string data = garbled ? one.data.substr(0, one.data.size() - 1) : one.data;
      answers += record(owner, one.type, one.ttl, data);
      ++count;
    }
    if (target.empty() || type == kCname) break;
    owner.clear();
    for (std::size_t at = 0; target[at] != 0; at += static_cast<std::size_t>(target[at]) + 1) {
      if (!owner.empty()) owner += '.';
      owner += target.substr(at + 1, static_cast<std::size_t>(target[at]));
    }
  }
  return answers;
}

std::string ScriptedServer::answer_to(const std::string& query, bool by_udp) {
  if (query.size() < kHeader + 5) return {};
  std::string name;
  std::size_t at = kHeader;
  while (at < query.size() && query[at] != 0) {
    if (!name.empty()) name += '.';
    name += ascii::lower(query.substr(at + 1, static_cast<std::size_t>(query[at])));
    at += static_cast<std::size_t>(query[at]) + 1;
  }
  if (at + 5 > query.size()) return {};
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[at + 1]) * 256U +
                                               static_cast<unsigned char>(query[at + 2]));
  const std::string question = query.substr(kHeader, at + 5 - kHeader);

  const std::lock_guard lock(mutex_);
  const auto mode = modes_.contains(name) ? modes_[name] : Mode::Answer;
  if (mode == Mode::Silent) return {};
  int count = 0;
  std::string answers;
  unsigned rcode = 0;
  const bool truncated = mode == Mode::Truncated && by_udp;
  if (mode == Mode::ServFail) rcode = 2;
  if (mode == Mode::Refused) rcode = 5;
  if (rcode == 0 && !truncated) answers = find_answers(name, type, mode == Mode::Garbled, count);
  if (rcode == 0 && !names_.contains(name)) rcode = 3;
  std::string authority;
  const bool negative = count == 0 && !truncated && (rcode == 0 || rcode == 3);
  if (negative) {
    const std::string zone = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
    authority =
        record(zone, kSoa, 60,
               wire_name("ns." + zone) + wire_name("admin." + zone) + u32(1) + u32(60) + u32(60) + u32(60) + u32(60));
  }
  const unsigned flags = 0x8400U | (truncated ? 0x0200U : 0U) | rcode;  // response, authoritative
  return query.substr(0, 2) + u16(static_cast<std::uint16_t>(flags)) + u16(1) + u16(static_cast<std::uint16_t>(count)) +
         u16(negative ? 1 : 0) + u16(0) + question + answers + authority;
}

}  // namespace penstock::dns
