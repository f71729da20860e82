// SPDX-License-Identifier: Apache-2.0
// ScriptedServer: a small authoritative name server on 127.0.0.1, UDP and TCP on one port, for tests of the real
// resolver. It says what it was told to say, rightly or wrongly.
//
// Use:  ScriptedServer server;   server.add("big.test", 15, mx_data(10, "mx.big.test"));   …   server.address()
// A name nothing was said about does not exist. Negative answers carry a SOA, so they may be kept for 60 s.
// Threads: one of its own; all functions from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace penstock::dns {

// The data of records, as on the wire.
std::string wire_name(std::string_view name);
std::string mx_data(std::uint16_t preference, std::string_view host);
std::string address_data(const std::string& address);
std::string text_data(const std::vector<std::string>& strings);

class ScriptedServer {
 public:
  enum class Mode { Answer, Silent, ServFail, Refused, Truncated, Garbled };

  ScriptedServer();
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  void add(const std::string& name, std::uint16_t type, std::string data, std::uint32_t ttl = 300);
  // How questions about this name are treated. Truncated: by UDP only. Garbled: the records' data is cut short.
  void set_mode(const std::string& name, Mode mode);
  [[nodiscard]] std::string address() const;  // "127.0.0.1:40123"
  [[nodiscard]] int udp_count() const { return udp_count_; }
  [[nodiscard]] int tcp_count() const { return tcp_count_; }

 private:
  struct Record {
    std::uint16_t type;
    std::uint32_t ttl;
    std::string data;
  };
  void run();
  void serve_udp();
  void serve_tcp();
  // Empty: nothing is said.
  std::string answer_to(const std::string& query, bool by_udp);
  std::string find_answers(const std::string& name, std::uint16_t type, bool garbled, int& count) const;

  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> udp_count_{0};
  std::atomic<int> tcp_count_{0};
  std::mutex mutex_;
  std::map<std::string, std::vector<Record>> names_;  // guarded by mutex_
  std::map<std::string, Mode> modes_;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace penstock::dns
