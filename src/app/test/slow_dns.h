// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>

namespace penstock::app {

// A name server that keeps the first question until it is told, and answers each with SERVFAIL.
class SlowDns {
 public:
  SlowDns() : socket_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}), thread_([this] { serve(); }) {}
  ~SlowDns() {
    go_on();
    boost::asio::ip::udp::socket last(io_, boost::asio::ip::udp::v4());
    const std::array<char, 1> end{};
    last.send_to(boost::asio::buffer(end), socket_.local_endpoint());
    thread_.join();
  }
  SlowDns(const SlowDns&) = delete;
  SlowDns& operator=(const SlowDns&) = delete;
  [[nodiscard]] std::string upstream() const { return fmt::format("127.0.0.1:{}", socket_.local_endpoint().port()); }
  void wait_for_question() {
    ASSERT_EQ(asked_.get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
  }
  void go_on() {
    if (!told_) go_.set_value();
    told_ = true;
  }

 private:
  void serve() {
    std::array<unsigned char, 512> packet{};
    for (bool first = true;; first = false) {
      boost::asio::ip::udp::endpoint from;
      const std::size_t length = socket_.receive_from(boost::asio::buffer(packet), from);
      if (length < 12) return;
      if (first) {
        asked_.set_value();
        go_.get_future().wait();
      }
      packet[2] |= 0x80U;                                                   // an answer
      packet[3] = static_cast<unsigned char>((packet[3] & 0xF0U) | 0x02U);  // SERVFAIL
      boost::system::error_code ignored;
      socket_.send_to(boost::asio::buffer(packet, length), from, 0, ignored);
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::udp::socket socket_;
  std::promise<void> asked_, go_;
  bool told_ = false;
  std::thread thread_;
};

}  // namespace penstock::app
