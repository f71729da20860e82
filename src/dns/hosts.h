// SPDX-License-Identifier: Apache-2.0
// Hosts: where mail for a domain goes, as a value; RouteAnswer: that, or why it goes nowhere.
//
// Use:  switch over the alternatives with std::visit; Hosts → order_targets() → connect in that order
//       Deferred → the recipient waits;  Invalid → it bounces (NoSuchDomain after the configured confirmations).
// Ownership: values; a RoutePtr is immutable and may be read by any thread.
// See: RFC 5321 §5.1 (order, implicit MX, loops), RFC 7505 (null MX), RFC 3463 and RFC 7504 (codes).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/rng.h"

namespace penstock::dns {

enum class Family : std::uint8_t { V4, V6 };

struct Address {
  Family family = Family::V4;
  std::string text;  // "192.0.2.1", "2001:db8::1"
  bool operator==(const Address&) const = default;
};

// A host's TLSA records.
struct Tlsa {
  enum class State : std::uint8_t {
    Absent,  // none that DNSSEC proves, or not asked for: no DANE
    Found,   // proven
    Failed   // could not be found out, or bogus: an attacker could take DANE away so, mail must wait (RFC 7672 §2.1)
  };
  State state = State::Absent;
  std::string base;                  // Found: the name they stand under (RFC 7672 §2.2.2)
  std::vector<std::string> records;  // Found: as in Record::value, sorted
  std::string why;                   // Failed: one sentence
  bool bogus = false;                // Failed: DNSSEC says so
  bool operator==(const Tlsa&) const = default;
};

struct Host {
  std::string name;  // as the MX record names it, normalized; "[192.0.2.1]" for an address literal
  std::uint16_t preference = 0;
  std::vector<Address> addresses;  // IPv4 first, each family sorted; empty when they could not be found just now
  bool secure = false;             // name (its MX record) and addresses were validated: DANE may apply (RFC 7672 §2.2)
  // Not `secure`, but its MX record and that it is an alias were: TLSA records of its own name count, whatever it leads
  // to (RFC 7672 §2.2.2). Also where that could not be found out: `tlsa` is Failed then, and mail waits.
  bool alias_secure = false;
  Tlsa tlsa;  // asked for where DANE may apply
  bool operator==(const Host&) const = default;
};

struct Hosts {
  // The canonical set of host names: sorted, each once, joined by ','. The same for all domains with the same hosts,
  // whatever their preferences, and whatever order answers came in.
  std::string site;
  std::vector<Host> hosts;  // by preference, then by name; at least one has an address
  std::chrono::seconds ttl{0};
  bool implicit = false;  // no MX record: the domain's own address is used
  bool operator==(const Hosts&) const = default;
};

struct Deferred {
  std::string reason;  // one sentence, for the event and the DSN
  bool operator==(const Deferred&) const = default;
};

enum class InvalidClass : std::uint8_t {
  BadDomain,     // no domain name and no address literal
  NoSuchDomain,  // NXDOMAIN
  NullMx,        // the domain says it takes no mail
  NoHost,        // the domain exists, but it has neither MX nor address, or no MX host of it has an address
  Loop           // the best MX host is this machine
};
[[nodiscard]] std::string_view to_string(InvalidClass c);      // "bad-domain", "no-such-domain", …
[[nodiscard]] std::string_view enhanced_code(InvalidClass c);  // "5.1.10" for NullMx

struct Invalid {
  InvalidClass cause = InvalidClass::BadDomain;
  std::string reason;  // one sentence
  bool operator==(const Invalid&) const = default;
};

using RouteAnswer = std::variant<Hosts, Deferred, Invalid>;
using RoutePtr = std::shared_ptr<const RouteAnswer>;

// The canonical key of a set of host names. Names must be normalized.
[[nodiscard]] std::string make_site(std::vector<std::string_view> names);

// Which source addresses the vMTA has, and which family is tried first on a host that has both.
enum class Families : std::uint8_t { V4, V6, V4ThenV6, V6ThenV4 };

// One place to connect to. The views are into the Hosts it was made from.
struct Target {
  std::string_view host;
  std::string_view address;
  Family family = Family::V4;
  std::uint16_t preference = 0;
  bool secure = false;
  std::size_t index = 0;  // of the host in Hosts::hosts
};

// Every address worth trying, in order: hosts by preference, hosts of equal preference shuffled, and the addresses of a
// host (within a family) shuffled, so that load spreads (RFC 5321 §5.1). Empty when no host has an address of the
// families wanted. Limits: `limit` targets at most.
[[nodiscard]] std::vector<Target> order_targets(const Hosts& hosts, Families families, Rng& rng,
                                                std::size_t limit = 20);

}  // namespace penstock::dns
