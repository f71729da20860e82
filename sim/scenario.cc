// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <unordered_map>

#include "base/ascii.h"
#include "net/stream.h"
#include "sim/errc.h"
#include "sim/pattern.h"
#include "sim/scenario_behaviour.h"
#include "sim/scenario_providers.h"
#include "sim/toml_fields.h"

namespace penstock::sim {
namespace {

struct ModeName {
  DnsMode mode;
  std::string_view name;
};
constexpr std::array<ModeName, 6> kModes{{{DnsMode::Ok, "ok"},
                                          {DnsMode::ServFail, "servfail"},
                                          {DnsMode::Timeout, "timeout"},
                                          {DnsMode::Refused, "refused"},
                                          {DnsMode::NxDomain, "nxdomain"},
                                          {DnsMode::NoData, "nodata"}}};

// Reads the whole file; knows what was declared so far, so that references can be checked.
class Reader {
 public:
  explicit Reader(const std::string& file) : problems_(file) {}
  Result<Scenario> read(const toml::table& root);

 private:
  void read_head(Fields& root);
  void read_personalities(Fields& root);
  void read_provider_of(Fields& fields, ReceiverSpec& spec);
  void read_receiver(const toml::table& table);
  void read_domain(const toml::table& table);
  void read_exchanges(Fields& fields, std::vector<DomainSpec::Exchange>& exchanges);
  void read_record(const toml::table& table);
  std::vector<std::string> family(Fields& fields, std::string_view key, const std::vector<std::string>& texts);
  void check_addresses(Fields& fields, std::string_view key, const std::vector<std::string>& addresses);

  Problems problems_;
  Scenario scenario_;
  std::unordered_map<std::string, std::uint32_t> receiver_numbers_;
  std::set<std::string> domain_names_;
};

std::vector<std::string> Reader::family(Fields& fields, std::string_view key, const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (const std::string& text : texts) {
    auto names = expand_family(text);
    if (!names) {
      fields.bad(key, names.error().detail);
      continue;
    }
    all.insert(all.end(), std::make_move_iterator(names->begin()), std::make_move_iterator(names->end()));
  }
  return all;
}

void Reader::check_addresses(Fields& fields, std::string_view key, const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    if (const auto made = net::make_endpoint(address, 0); !made) return fields.bad(key, made.error().detail);
  }
}

void Reader::read_head(Fields& root) {
  std::uint64_t number = 0;
  if (const toml::table* table = root.table("sim")) {
    Fields fields(*table, problems_, "[sim]");
    fields.number("seed", scenario_.seed, 0, INT64_MAX);
    if (fields.number("port", number, 0, 65535)) scenario_.port = static_cast<std::uint16_t>(number);
    fields.finish();
  }
  if (const toml::table* table = root.table("control")) {
    Fields fields(*table, problems_, "[control]");
    fields.text("socket", scenario_.control);
    fields.finish();
  }
  if (const toml::table* table = root.table("dns")) {
    DnsSpec dns;
    Fields fields(*table, problems_, "[dns]");
    if (fields.text("address", dns.address)) {
      if (const auto made = net::parse_endpoint(dns.address); !made) fields.bad("address", made.error().detail);
    }
    fields.texts("zones", dns.zones);
    for (std::string& zone : dns.zones) zone = ascii::lower(zone);
    fields.duration("ttl", dns.ttl);
    fields.duration("negative_ttl", dns.negative_ttl);
    fields.finish();
    scenario_.dns = std::move(dns);
  }
}

void Reader::read_personalities(Fields& root) {
  if (const toml::table* table = root.table("personality")) {
    for (const auto& [key, node] : *table) {
      if (const toml::table* one = node.as_table()) {
        scenario_.personalities.push_back(read_personality(std::string(key.str()), *one, problems_));
      } else {
        problems_.add(node.source(), fmt::format("[personality.{}] must be a table", key.str()));
      }
    }
  }
  for (const toml::table* table : root.tables("timeline")) read_timeline(*table, problems_, scenario_.personalities);
}

void Reader::read_provider_of(Fields& fields, ReceiverSpec& spec) {
  std::string name;
  if (fields.text("personality", name)) {
    const auto& all = scenario_.personalities;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (found == all.end()) {
      fields.bad("personality", fmt::format("[personality.{}] is not declared", name));
    } else {
      spec.personality = static_cast<std::uint32_t>(found - all.begin());
    }
  }
  for (const toml::table* after : fields.tables("after")) spec.after.push_back(read_after(*after, problems_));
}

void Reader::read_receiver(const toml::table& table) {
  Fields fields(table, problems_, "[[receiver]]");
  std::string name;
  std::string host;
  ReceiverSpec spec;
  if (!fields.text("name", name) || name.empty()) return fields.bad("name", "is missing: a receiver needs one");
  fields.text("host", host);
  std::vector<std::string> addresses;
  if (!fields.texts("addresses", addresses)) fields.bad("addresses", "is missing: a receiver listens somewhere");
  addresses = family(fields, "addresses", addresses);
  check_addresses(fields, "addresses", addresses);
  std::uint64_t port = scenario_.port;
  fields.number("port", port, 0, 65535);
  spec.port = static_cast<std::uint16_t>(port);
  std::string named;
  if (fields.text("behaviour", named)) {
    const auto found = scenario_.behaviours.find(named);
    if (found == scenario_.behaviours.end()) {
      fields.bad("behaviour", fmt::format("[behaviour.{}] is not declared", named));
    } else {
      spec.behaviour = found->second;
    }
  }
  read_behaviour(fields, problems_, spec.behaviour);
  read_provider_of(fields, spec);
  fields.finish();
  const auto names = family(fields, "name", {name});
  const auto hosts = host.empty() ? std::vector<std::string>{} : family(fields, "host", {host});
  const bool one_each = names.size() > 1 && names.size() == addresses.size();
  if (hosts.size() > 1 && hosts.size() != names.size()) fields.bad("host", "is a family of another length than name");
  for (std::size_t i = 0; i < names.size(); ++i) {
    ReceiverSpec one = spec;
    one.name = names[i];
    one.host = hosts.empty() ? names[i] + ".mx.test" : ascii::lower(hosts[hosts.size() > i ? i : 0]);
    one.addresses = one_each ? std::vector<std::string>{addresses[i]} : addresses;
    const auto number = static_cast<std::uint32_t>(scenario_.receivers.size());
    if (!receiver_numbers_.emplace(one.name, number).second) {
      return fields.bad("name", fmt::format("\"{}\" is declared twice", one.name));
    }
    scenario_.receivers.push_back(std::move(one));
  }
}

void Reader::read_exchanges(Fields& fields, std::vector<DomainSpec::Exchange>& exchanges) {
  std::vector<std::string> texts;
  fields.texts("receivers", texts);
  for (std::string text : texts) {
    DomainSpec::Exchange exchange;
    if (const std::size_t space = text.find(' '); space != std::string::npos) {
      unsigned preference = 65536;
      std::from_chars(text.data(), text.data() + space, preference);
      if (preference > 65535) fields.bad("receivers", fmt::format("\"{}\": the preference is 0 to 65535", text));
      exchange.preference = static_cast<std::uint16_t>(preference);
      text.erase(0, space + 1);
    }
    for (const std::string& name : family(fields, "receivers", {text})) {
      const auto found = receiver_numbers_.find(name);
      if (found == receiver_numbers_.end()) {
        return fields.bad("receivers", fmt::format("[[receiver]] \"{}\" is not declared", name));
      }
      exchange.receiver = found->second;
      exchanges.push_back(exchange);
    }
  }
}

void Reader::read_domain(const toml::table& table) {
  Fields fields(table, problems_, "[[domain]]");
  DomainSpec spec;
  std::vector<std::string> names;
  bool spread = false;
  std::string mode;
  Duration ttl{0};
  if (!fields.texts("name", names)) fields.bad("name", "is missing: a domain needs one");
  read_exchanges(fields, spec.exchanges);
  fields.flag("spread", spread);
  if (fields.texts("addresses", spec.addresses)) {
    spec.addresses = family(fields, "addresses", spec.addresses);
    check_addresses(fields, "addresses", spec.addresses);
  }
  fields.flag("null_mx", spec.null_mx);
  if (spec.null_mx && !spec.exchanges.empty()) fields.bad("null_mx", "a domain with a null MX has no receivers");
  if (fields.text("dns", mode)) {
    const auto found = parse_dns_mode(mode);
    if (!found) fields.bad("dns", "must be ok, servfail, timeout, refused, nxdomain or nodata");
    spec.dns = found.value_or(DnsMode::Ok);
  }
  if (fields.duration("ttl", ttl)) spec.ttl = ttl;
  fields.finish();
  const auto all = family(fields, "name", names);
  std::vector<DomainSpec::Exchange> in_turn;
  if (spread) in_turn.swap(spec.exchanges);
  for (std::size_t i = 0; i < all.size(); ++i) {
    DomainSpec one = spec;
    one.name = ascii::lower(all[i]);
    if (!in_turn.empty()) one.exchanges.push_back(in_turn[i % in_turn.size()]);
    if (!domain_names_.insert(one.name).second) {
      return fields.bad("name", fmt::format("\"{}\" is declared twice", one.name));
    }
    scenario_.domains.push_back(std::move(one));
  }
}

void Reader::read_record(const toml::table& table) {
  static const std::array<std::string_view, 7> kTypes{"A", "AAAA", "MX", "TXT", "CNAME", "PTR", "NS"};
  Fields fields(table, problems_, "[[record]]");
  RecordSpec spec;
  Duration ttl{0};
  if (!fields.text("name", spec.name)) fields.bad("name", "is missing");
  if (!fields.text("value", spec.value)) fields.bad("value", "is missing");
  fields.text("type", spec.type);
  if (std::find(kTypes.begin(), kTypes.end(), spec.type) == kTypes.end()) {
    fields.bad("type", fmt::format("must be one of {}", fmt::join(kTypes, ", ")));
  } else if (spec.type == "A" || spec.type == "AAAA") {
    check_addresses(fields, "value", {spec.value});
  } else if (unsigned preference = 65536; spec.type == "MX") {
    const auto [end, error] = std::from_chars(spec.value.data(), spec.value.data() + spec.value.size(), preference);
    if (error != std::errc{} || preference > 65535 || *end != ' ') {
      fields.bad("value", "must be a preference and a host, as \"10 mx.example.test\"");
    }
  }
  if (fields.duration("ttl", ttl)) spec.ttl = ttl;
  fields.finish();
  scenario_.records.push_back(std::move(spec));
}

Result<Scenario> Reader::read(const toml::table& root) {
  Fields fields(root, problems_, "the scenario");
  read_head(fields);
  if (const toml::table* table = fields.table("behaviour")) {
    for (const auto& [key, node] : *table) {
      const std::string where = fmt::format("[behaviour.{}]", key.str());
      if (!node.is_table()) {
        problems_.add(node.source(), where + " must be a table");
        continue;
      }
      Fields one(*node.as_table(), problems_, where);
      read_behaviour(one, problems_, scenario_.behaviours[std::string(key.str())]);
      one.finish();
    }
  }
  read_personalities(fields);
  for (const toml::table* table : fields.tables("receiver")) read_receiver(*table);
  for (const toml::table* table : fields.tables("domain")) read_domain(*table);
  for (const toml::table* table : fields.tables("record")) read_record(*table);
  fields.finish();
  if (!problems_.empty()) return fail(Errc::BadScenario, problems_.to_string());
  return std::move(scenario_);
}

}  // namespace

std::optional<DnsMode> parse_dns_mode(std::string_view name) {
  for (const auto& entry : kModes) {
    if (entry.name == name) return entry.mode;
  }
  return std::nullopt;
}

Result<Scenario> parse_scenario(std::string_view text, const std::string& name) {
  try {
    return Reader(name).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(Errc::BadScenario, fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
  }
}

Result<Scenario> load_scenario(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Errc::BadScenario, path + ": cannot be read");
  return parse_scenario(text.str(), path);
}

}  // namespace penstock::sim
