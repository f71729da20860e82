// SPDX-License-Identifier: Apache-2.0
// HostFinder: finds the hosts that take mail for a domain. No memory of its own: see router.h for the cached form.
//
// Use:  RouteAnswer route = co_await finder.find(shard, "example.com");
//
// What is decided here, and by which rule:
//   MX records            hosts in order of preference, each with its A and AAAA addresses    RFC 5321 §5.1
//   no MX, but an address implicit MX: the domain itself, preference 0                         RFC 5321 §5.1
//   MX 0 "."              Invalid NullMx; a "." beside other MX records is passed over         RFC 7505 §3
//   MX to a CNAME         forbidden by RFC 2181 §10.3, found in the wild: followed
//   domain is a CNAME     taken as if the target had been asked for                            RFC 5321 §5.1
//   [192.0.2.1]           address literal, also [IPv6:…]; no look-up                           RFC 5321 §4.1.3
//   our own name among MX that host and all of the same or worse preference are dropped        RFC 5321 §5.1
//   MX and addresses are  TLSA records of _25._tcp.HOST; of a host that is a CNAME first those    RFC 7672 §2.2
//   secure (DNSSEC)       of the name it leads to
//   a secure MX names an  whether the alias itself is secure is asked apart; then the TLSA       RFC 7672 §2.2.2
//   alias to elsewhere    records of its own name
//   NXDOMAIN              Invalid NoSuchDomain
//   SERVFAIL, no answer,  Deferred, when it concerns the MX look-up; when it concerns some host's
//   DNSSEC failure        address, the other hosts are used, and it is Deferred only if none has one
// Threads: find() on any shard; the finder is constant.   Ownership: `resolver` must outlive it.
// Limits: 32 MX hosts (the most preferred, then by name), 32 addresses of a host; the rest is left out.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/current.h"
#include "dns/hosts.h"
#include "dns/resolver.h"

namespace penstock::dns {

class HostFinder {
 public:
  // `own_names`: the names this machine answers to (EHLO names of all vMTAs); any case, with or without final dot.
  // `tlsa_port`: whose TLSA records are asked for.
  explicit HostFinder(Resolver& resolver, const std::vector<std::string>& own_names = {}, std::uint16_t tlsa_port = 25);
  // Others from now on; what has been found is not taken back. Any thread.
  void set_own_names(const std::vector<std::string>& own_names);
  void set_tlsa_port(std::uint16_t port) { tlsa_port_ = port; }

  // `domain`: what stands right of the @; U-labels are converted. Never fails: trouble is Deferred.
  [[nodiscard]] net::Task<RouteAnswer> find(net::Shard& shard, std::string domain) const;

 private:
  struct Candidates;
  [[nodiscard]] net::Task<RouteAnswer> with_addresses(net::Shard& shard, Candidates candidates) const;
  // Fills in `tlsa` of the hosts it may apply to; `aliases` are the names their addresses were found under.
  [[nodiscard]] net::Task<> find_tlsa(net::Shard& shard, std::vector<Host>& hosts, std::vector<std::string> aliases,
                                      std::chrono::seconds& ttl) const;
  // Sets `alias_secure` where it holds or cannot be found out, and in the latter case `tlsa` to Failed. `named`: the MX
  // record was secure.
  [[nodiscard]] net::Task<> prove_aliases(net::Shard& shard, std::vector<Host>& hosts, std::vector<std::string> aliases,
                                          std::vector<bool> named, std::chrono::seconds& ttl) const;
  [[nodiscard]] bool is_own(std::string_view name) const;

  Resolver& resolver_;
  Current<std::vector<std::string>> own_names_;  // normalized, sorted
  std::atomic<std::uint16_t> tlsa_port_;
};

}  // namespace penstock::dns
