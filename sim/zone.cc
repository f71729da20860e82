// SPDX-License-Identifier: Apache-2.0
#include "sim/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <ranges>

#include "base/ascii.h"
#include "sim/pattern.h"

namespace penstock::sim {
namespace {

namespace ip = boost::asio::ip;
using dns::Record;
using dns::Type;

std::uint32_t seconds(Duration span) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

// "mx.example.test." and "mx.example.test" name the same.
std::string canonical(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return ascii::lower(name);
}

std::string_view parent_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

Type type_from(std::string_view name) {
  for (const Type type : {Type::A, Type::NS, Type::CNAME, Type::PTR, Type::MX, Type::TXT, Type::AAAA}) {
    if (dns::to_string(type) == name) return type;
  }
  return Type::ANY;
}

}  // namespace

std::string pointer_name(std::string_view address) {
  const auto parsed = ip::make_address(std::string(address));
  std::string name;
  if (parsed.is_v4()) {
    for (const unsigned octet : std::views::reverse(parsed.to_v4().to_bytes())) name += fmt::format("{}.", octet);
    return name + "in-addr.arpa";
  }
  for (const unsigned octet : std::views::reverse(parsed.to_v6().to_bytes())) {
    name += fmt::format("{:x}.{:x}.", octet & 0xF, octet >> 4);
  }
  return name + "ip6.arpa";
}

Zone::Zone(const Scenario& scenario) : spec_(*scenario.dns) {
  const std::uint32_t ttl = seconds(spec_.ttl);
  for (const std::string& zone : spec_.zones) {
    add(soa(zone));
    add({zone, Type::NS, ttl, 0, "ns." + zone, {}});
  }
  std::unordered_map<std::string, bool> hosts;
  for (const ReceiverSpec& receiver : scenario.receivers) {
    for (const std::string& address : receiver.addresses) {
      add_address(receiver.host, address, ttl);
      add_pointer(address, receiver.host, ttl);
    }
  }
  for (const DomainSpec& domain : scenario.domains) {
    const std::uint32_t own = domain.ttl ? seconds(*domain.ttl) : ttl;
    nodes_[domain.name].mode = domain.dns;
    if (domain.null_mx) add({domain.name, Type::MX, own, 0, "", {}});
    for (const auto& exchange : domain.exchanges) {
      add({domain.name, Type::MX, own, exchange.preference, scenario.receivers[exchange.receiver].host, {}});
    }
    for (const std::string& address : domain.addresses) add_address(domain.name, address, own);
  }
  for (const RecordSpec& spec : scenario.records) add_by_hand(spec, ttl);
}

void Zone::add(Record record) {
  // Names on the way up to the zone exist too: asking for them gives NODATA, not NXDOMAIN (RFC 8020).
  for (std::string_view name = parent_of(record.name); zone_of(name); name = parent_of(name)) {
    if (!nodes_.try_emplace(std::string(name)).second) break;
  }
  auto& records = nodes_[record.name].records;
  if (std::find(records.begin(), records.end(), record) == records.end()) records.push_back(std::move(record));
}

void Zone::add_address(const std::string& name, const std::string& address, std::uint32_t ttl) {
  const auto parsed = ip::make_address(address);
  std::string octets;
  if (parsed.is_v4()) {
    for (const auto octet : parsed.to_v4().to_bytes()) octets += static_cast<char>(octet);
  } else {
    for (const auto octet : parsed.to_v6().to_bytes()) octets += static_cast<char>(octet);
  }
  add({name, parsed.is_v4() ? Type::A : Type::AAAA, ttl, 0, {}, std::move(octets)});
}

void Zone::add_pointer(const std::string& address, const std::string& host, std::uint32_t ttl) {
  const std::string name = pointer_name(address);
  if (zone_of(name)) add({name, Type::PTR, ttl, 0, host, {}});
}

void Zone::add_by_hand(const RecordSpec& spec, std::uint32_t ttl) {
  if (spec.ttl) ttl = seconds(*spec.ttl);
  Record record{canonical(spec.name), type_from(spec.type), ttl, 0, {}, {}};
  std::string_view value = spec.value;
  switch (record.type) {
    case Type::A:
    case Type::AAAA: return add_address(record.name, spec.value, ttl);
    case Type::TXT: record.data = spec.value; break;
    case Type::MX: {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), record.preference);
      value.remove_prefix(static_cast<std::size_t>(end - value.data()));
      record.target = canonical(ascii::trim(value));
      break;
    }
    default: record.target = canonical(value); break;
  }
  add(std::move(record));
}

std::optional<std::string_view> Zone::zone_of(std::string_view name) const {
  std::optional<std::string_view> best;
  for (const std::string& zone : spec_.zones) {
    const bool inside = name == zone || (name.size() > zone.size() && name.ends_with(zone) &&
                                         name[name.size() - zone.size() - 1] == '.');
    if (inside && (!best || zone.size() > best->size())) best = zone;
  }
  return best;
}

DnsMode Zone::mode_of(std::string_view name) const {
  if (all_ != DnsMode::Ok) return all_;
  for (const auto& [pattern, mode] : std::views::reverse(modes_)) {
    for (std::string_view part = name; !part.empty(); part = parent_of(part)) {
      if (matches(pattern, part)) return mode;
    }
  }
  for (std::string_view part = name; !part.empty(); part = parent_of(part)) {
    const auto node = nodes_.find(std::string(part));
    if (node != nodes_.end() && node->second.mode != DnsMode::Ok) return node->second.mode;
  }
  return DnsMode::Ok;
}

Record Zone::soa(std::string_view zone) const {
  return {std::string(zone), Type::SOA, seconds(spec_.negative_ttl), 0, "ns." + std::string(zone), {}};
}

std::optional<dns::Response> Zone::answer(const dns::Query& query) const {
  dns::Response response;
  const auto refuse = [&](dns::Rcode rcode) {
    response.rcode = rcode;
    response.authoritative = false;
    return response;
  };
  if (query.edns && query.edns_version != 0) return refuse(dns::Rcode::BadVers);
  std::string name = query.name;
  auto zone = zone_of(name);
  if (!zone || query.dns_class != 1) return refuse(dns::Rcode::Refused);
  for (int aliases = 0; aliases <= kAliasesMax && zone; ++aliases) {
    const DnsMode mode = mode_of(name);
    if (mode == DnsMode::Timeout) return std::nullopt;
    if (mode == DnsMode::ServFail) return refuse(dns::Rcode::ServFail);
    if (mode == DnsMode::Refused) return refuse(dns::Rcode::Refused);
    const auto node = nodes_.find(name);
    if (mode == DnsMode::NxDomain || node == nodes_.end()) response.rcode = dns::Rcode::NxDomain;
    const Record* alias = nullptr;
    bool found = false;
    if (mode == DnsMode::Ok && node != nodes_.end()) {
      for (const Record& record : node->second.records) {
        if (record.type == query.type || query.type == Type::ANY) {
          response.answers.push_back(record);
          found = true;
        } else if (record.type == Type::CNAME) {
          alias = &record;
        }
      }
    }
    if (found || !alias) {
      if (!found) response.authority.push_back(soa(*zone));
      break;
    }
    response.answers.push_back(*alias);
    name = alias->target;
    zone = zone_of(name);
  }
  add_additional(response);
  return response;
}

void Zone::add_additional(dns::Response& response) const {
  for (const Record& answer : response.answers) {
    if (answer.type != Type::MX || mode_of(answer.target) != DnsMode::Ok) continue;
    const auto node = nodes_.find(answer.target);
    if (node == nodes_.end()) continue;
    for (const Record& record : node->second.records) {
      const bool address = record.type == Type::A || record.type == Type::AAAA;
      const auto& so_far = response.additional;
      if (address && std::find(so_far.begin(), so_far.end(), record) == so_far.end()) {
        response.additional.push_back(record);
      }
    }
  }
}

}  // namespace penstock::sim
