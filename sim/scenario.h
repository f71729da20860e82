// SPDX-License-Identifier: Apache-2.0
// Scenario: the simulated internet as one TOML file declares it, checked and with all families written out.
//
// Use:  auto scenario = load_scenario("demo.toml");  if (!scenario) say(scenario.error().detail);
// docs/simulator.md describes every key.   Threads: immutable once loaded.
// Errors: Errc::BadScenario, the detail reads "demo.toml:12: unknown key \"adress\" in [[receiver]]; did you mean …".
// All errors of a file are reported together, one a line, up to twenty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sim/aftermath.h"
#include "sim/behaviour.h"
#include "sim/personality.h"

namespace penstock::sim {

// How DNS treats a domain and all below it.
enum class DnsMode : std::uint8_t {
  Ok,
  ServFail,
  Timeout,   // no answer at all
  Refused,   // REFUSED, as for a foreign zone
  NxDomain,  // as if nothing were there
  NoData     // as if the name had no records
};
[[nodiscard]] std::optional<DnsMode> parse_dns_mode(std::string_view name);

struct ReceiverSpec {
  std::string name;
  std::string host;                    // name in MX records and in the banner
  std::vector<std::string> addresses;  // at least one
  std::uint16_t port = 0;
  Behaviour behaviour;
  std::optional<std::uint32_t> personality;  // number in Scenario::personalities
  std::vector<AfterSpec> after;
};

struct DomainSpec {
  struct Exchange {
    std::uint16_t preference = 10;
    std::uint32_t receiver = 0;  // number in Scenario::receivers
  };
  std::string name;  // small letters
  std::vector<Exchange> exchanges;
  std::vector<std::string> addresses;  // A and AAAA of the domain itself
  bool null_mx = false;
  DnsMode dns = DnsMode::Ok;
  std::optional<Duration> ttl;  // of its records; absent: the DNS' default
};

struct RecordSpec {
  std::string name;
  std::string type;   // "A", "AAAA", "MX", "TXT", "CNAME", "PTR", "NS"
  std::string value;  // as in a zone file: "10 mx.example.test"
  std::optional<Duration> ttl;
};

struct DnsSpec {
  std::string address = "127.0.0.53:5353";
  std::vector<std::string> zones{"test", "127.in-addr.arpa"};
  Duration ttl{std::chrono::seconds{300}};
  Duration negative_ttl{std::chrono::seconds{30}};
};

struct Scenario {
  std::uint64_t seed = 1;
  std::uint16_t port = 2599;
  std::string control;         // path of the unix socket; empty: none
  std::optional<DnsSpec> dns;  // absent: no DNS is served
  std::map<std::string, Behaviour> behaviours;
  std::vector<PersonalitySpec> personalities;
  std::vector<ReceiverSpec> receivers;
  std::vector<DomainSpec> domains;
  std::vector<RecordSpec> records;
};

[[nodiscard]] Result<Scenario> load_scenario(const std::string& path);
// `name` stands for the file in errors.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text, const std::string& name);

}  // namespace penstock::sim
