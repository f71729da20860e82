// SPDX-License-Identifier: Apache-2.0
// DNS messages on the wire: reading queries, writing answers (RFC 1035, EDNS0: RFC 6891).
//
// Pure; any thread. Only what an authoritative server needs: queries with one question; records of a few types.
// Names are kept as text, small letters, without the final dot ("" is the root); a dot or backslash inside a label is
// escaped with a backslash, so it can never be taken for a separator.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace penstock::sim::dns {

// Values on the wire.
enum class Type : std::uint16_t {
  A = 1,
  NS = 2,
  CNAME = 5,
  SOA = 6,
  PTR = 12,
  MX = 15,
  TXT = 16,
  AAAA = 28,
  OPT = 41,
  ANY = 255
};
[[nodiscard]] std::string to_string(Type type);  // "MX", or "TYPE257"

enum class Rcode : std::uint8_t {
  NoError = 0,
  FormErr = 1,
  ServFail = 2,
  NxDomain = 3,
  NotImp = 4,
  Refused = 5,
  BadVers = 16
};

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;           // small letters
  std::string question_wire;  // the question as it came, to be echoed with its capitals
  Type type = Type::A;
  std::uint16_t dns_class = 1;
  bool edns = false;
  std::uint8_t edns_version = 0;
  bool dnssec_ok = false;
  std::uint16_t udp_size = 512;  // what the client takes by UDP; at least 512
};

// Why a packet is no query. `respond` false: it is not even answered (too short, or itself a response).
struct NoQuery {
  bool respond = false;
  std::uint16_t id = 0;
  Rcode rcode = Rcode::FormErr;
};
[[nodiscard]] tl::expected<Query, NoQuery> parse_query(std::string_view packet);

struct Record {
  std::string name;
  Type type = Type::A;
  std::uint32_t ttl = 0;         // seconds
  std::uint16_t preference = 0;  // of MX
  std::string target;            // the name in MX, CNAME, NS, PTR; the zone's first host in SOA
  std::string data;              // A, AAAA: the octets; TXT: the text; unused otherwise
  bool operator==(const Record&) const = default;
};

struct Response {
  Rcode rcode = Rcode::NoError;
  bool authoritative = true;
  std::vector<Record> answers;
  std::vector<Record> authority;
  std::vector<Record> additional;
};

// Names are compressed. What does not fit into `size_max` octets is cut: then TC is set and no records are sent.
[[nodiscard]] std::string format_response(const Query& query, const Response& response, std::size_t size_max);
// The answer to something that is no query.
[[nodiscard]] std::string format_refusal(const NoQuery& problem);

}  // namespace penstock::sim::dns
