// SPDX-License-Identifier: Apache-2.0
// Zone: the names a scenario declares, and the answer to a question about them. No I/O.
//
// Made from a scenario: each domain with receivers gets MX records, each receiver's host A/AAAA and PTR records.
// Further records are added by hand. Answers follow RFC 1034 §4.3.2: CNAMEs are followed inside our zones, NXDOMAIN and
// NODATA carry the zone's SOA (RFC 2308), the addresses of MX hosts ride along as additional records.
//
// Threads: one owner; set_mode() and set_down() may come between questions.
// Limits: a chain of kAliasesMax CNAMEs is followed, no further.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/dns_message.h"
#include "sim/scenario.h"

namespace penstock::sim {

class Zone {
 public:
  static constexpr int kAliasesMax = 8;

  // `scenario.dns` must be there.
  explicit Zone(const Scenario& scenario);

  // Absent: no answer is to be sent at all.
  [[nodiscard]] std::optional<dns::Response> answer(const dns::Query& query) const;

  // All of the DNS; Ok: each name as declared.
  void set_all(DnsMode mode) { all_ = mode; }
  // Domains that match the pattern and all below them; what was set last for a name counts.
  void set_mode(const std::string& pattern, DnsMode mode) { modes_.emplace_back(pattern, mode); }

 private:
  struct Node {
    std::vector<dns::Record> records;  // empty: only a name on the way to others
    DnsMode mode = DnsMode::Ok;
  };
  void add(dns::Record record);
  void add_address(const std::string& name, const std::string& address, std::uint32_t ttl);
  void add_pointer(const std::string& address, const std::string& host, std::uint32_t ttl);
  void add_by_hand(const RecordSpec& spec, std::uint32_t ttl);
  // The zone a name lies in; absent when it is not ours.
  [[nodiscard]] std::optional<std::string_view> zone_of(std::string_view name) const;
  [[nodiscard]] DnsMode mode_of(std::string_view name) const;
  [[nodiscard]] dns::Record soa(std::string_view zone) const;
  void add_additional(dns::Response& response) const;

  const DnsSpec spec_;
  std::unordered_map<std::string, Node> nodes_;
  DnsMode all_ = DnsMode::Ok;
  std::vector<std::pair<std::string, DnsMode>> modes_;
};

// "4.3.2.127.in-addr.arpa" for 127.2.3.4, and the ip6.arpa name of an IPv6 address.
[[nodiscard]] std::string pointer_name(std::string_view address);

}  // namespace penstock::sim
