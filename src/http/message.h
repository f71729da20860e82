// SPDX-License-Identifier: Apache-2.0
// Request and Response of HTTP/1.1 (RFC 9110, RFC 9112) as plain values; both sides of a connection use them.
//
// A message is whole: its body is in memory and bounded by whoever reads it (ServerOptions, ClientOptions).
// Field names compare without case; values are kept as sent, without the space around them.
// Threads: values, no sharing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Delete, Other };
[[nodiscard]] std::string_view to_string(Method method);  // "GET"; Other gives "OTHER"

// Header fields in the order sent.
class Fields {
 public:
  // Keeps earlier fields of the same name. A name or value with a line break is our own bug.
  void add(std::string name, std::string value);
  // The first field of that name; "" when there is none.
  [[nodiscard]] std::string_view find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Who is at the other end of a connection to our server.
struct Peer {
  std::string address;               // "192.0.2.1", or "unix"
  std::optional<std::uint32_t> uid;  // unix sockets only: the user the peer runs as, told by the kernel
};

struct Request {
  Method method = Method::Get;  // Other: one that no handler of ours takes
  std::string target = "/";     // as sent: "/v1/queues?by=domain"
  Fields fields;
  std::string body;  // whole, chunks put together
  Peer peer;         // set by the server; a client leaves it empty
};

struct Response {
  unsigned status = 200;  // 200–599
  std::string content_type = "application/json";
  Fields fields;     // others than Content-Type, Content-Length, Connection and Date, which the server writes
  std::string body;  // its length is sent; left out of the answer to HEAD
};

// The standard reason phrase, "Not Found"; "Unknown" for numbers that have none.
[[nodiscard]] std::string_view reason_of(unsigned status);

}  // namespace penstock::http
