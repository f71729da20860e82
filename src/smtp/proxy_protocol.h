// SPDX-License-Identifier: Apache-2.0
// ProxyParser: the header of HAProxy's PROXY protocol, versions 1 and 2 (proxy-protocol.txt), which a load balancer
// puts before the client's bytes.
//
// Use:  ProxyParser parser;  got = parser.take(bytes);  // again with more bytes while ProxyParser::Got::More
//       Got::Done: header() tells; what is left of `bytes` belongs to the client.  Got::Malformed: close, problem()
//       says why.
// Takes no byte beyond the header, whatever the split. To be used only for peers that are named as proxies, who then
// must send a header: anything else is Malformed. Stays Done or Malformed.
// Limits: version 1: 107 bytes. Version 2: kVersion2BytesMax, TLVs are skipped. Memory: at most that.   Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_network.h"

namespace penstock::smtp {

// Of the connection that the proxy accepted.
struct ProxyHeader {
  // False: "LOCAL" or "UNKNOWN", or a family we do not speak (unix, UDP): there are those of the real connection, which
  // say nothing about the client.
  bool has_addresses = false;
  IpAddress source;
  IpAddress destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};

class ProxyParser {
 public:
  static constexpr std::size_t kVersion1BytesMax = 107;  // with its CRLF
  static constexpr std::size_t kVersion2BytesMax = 16 + 4096;

  enum class Got : std::uint8_t { More, Done, Malformed };
  // Takes the header's bytes from the front of `bytes`.
  Got take(std::string_view& bytes);

  // Precondition: Done.
  [[nodiscard]] const ProxyHeader& header() const { return header_; }
  [[nodiscard]] std::string_view problem() const { return problem_; }

 private:
  Got examine();
  Got examine_version_1();
  Got examine_version_2();
  Got malformed(std::string_view why);
  [[nodiscard]] std::size_t wanted_bytes() const;

  std::string taken_;
  ProxyHeader header_;
  Got state_ = Got::More;
  std::string_view problem_;
};

}  // namespace penstock::smtp
