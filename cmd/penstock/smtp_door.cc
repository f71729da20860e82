// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/smtp_door.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace penstock::cli {
namespace {

std::string stuffed(std::string_view message) {
  std::string out;
  out.reserve(message.size() + message.size() / 20);
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    std::string_view line = message.substr(0, end);
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('.')) out += '.';
    out += line;
    out += "\r\n";
  }
  return out += ".\r\n";
}

}  // namespace

SmtpDoor::~SmtpDoor() {
  if (socket_ < 0) return;
  (void)write("QUIT\r\n");
  ::close(socket_);
}

Result<> SmtpDoor::open(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return fail(std::make_error_code(std::errc::invalid_argument), address);
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return fail(std::make_error_code(std::errc::address_not_available), address);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr && socket_ < 0; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket_ >= 0 && ::connect(socket_, one->ai_addr, one->ai_addrlen) != 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }
  if (socket_ < 0) return fail_errno(errno, address);
  const auto greeting = reply();
  if (!greeting) return fail(greeting.error());
  const auto hello = say("EHLO localhost");
  if (!hello) return fail(hello.error());
  if (!greeting->starts_with('2') || !hello->starts_with('2')) {
    return fail(std::make_error_code(std::errc::connection_refused), greeting->starts_with('2') ? *hello : *greeting);
  }
  return {};
}

Result<std::string> SmtpDoor::send(const std::string& recipient, std::string_view message) {
  const std::string commands[] = {"MAIL FROM:<>", "RCPT TO:<" + recipient + ">", "DATA"};
  for (const std::string& command : commands) {
    auto answer = say(command);
    if (!answer) return answer;
    if (answer->starts_with('4') || answer->starts_with('5')) {
      (void)say("RSET");
      return answer;
    }
  }
  if (auto written = write(stuffed(message)); !written) return fail(written.error());
  return reply();
}

Result<> SmtpDoor::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail_errno(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> SmtpDoor::reply() {
  while (true) {
    for (std::size_t begin = 0;;) {
      const std::size_t end = pending_.find("\r\n", begin);
      if (end == std::string::npos) break;
      const bool last = end - begin < 4 || pending_[begin + 3] != '-';
      if (last) {
        std::string line = pending_.substr(begin, end - begin);
        pending_.erase(0, end + 2);
        return line;
      }
      begin = end + 2;
    }
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, std::chrono::milliseconds(kWait).count()) != 1) return fail_errno(ETIMEDOUT);
    char buffer[4096];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (got <= 0) return fail_errno(got < 0 ? errno : ECONNRESET);
    pending_.append(buffer, static_cast<std::size_t>(got));
  }
}

Result<std::string> SmtpDoor::say(const std::string& line) {
  if (auto written = write(line + "\r\n"); !written) return fail(written.error());
  return reply();
}

}  // namespace penstock::cli
