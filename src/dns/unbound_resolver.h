// SPDX-License-Identifier: Apache-2.0
// UnboundResolver: asks the network, through libunbound. No cache of ours: put a CachedResolver in front.
//
// Use:  UnboundResolver dns(options, probe);   if (auto r = dns.start(); !r) …;   co_await dns.lookup(shard, …);
// dns.stop();
//
// One thread owns the libunbound context: shards hand it their questions, it submits them, waits on libunbound's
// descriptor and hands the answers back in batches, one post per shard. (libunbound runs a second thread that talks to
// the servers; only the asynchronous calls are used.)
//
// Every look-up ends at options.timeout at the latest, with Status::TimedOut, whatever the servers do.
// Threads: ask() from any; start() and stop() from one, not a shard.   Ownership: the shards of look-ups under way must
// outlive stop(); probe must outlive it.
// Errors: start(): BadOption names the option; Library. ask(): Full at the limit, Stopped before start and after stop,
// BadName. Limits: waiting_max look-ups in all, in_flight_max of them with libunbound; the rest wait their turn.
// DNSSEC: validated when a trust anchor file is given, except below stub zones that do not ask for it, which are taken
// as unsigned.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dns/probe.h"
#include "dns/resolver.h"

namespace penstock::dns {

struct StubZone {
  std::string zone;     // "test": it and everything below is asked of this server alone
  std::string server;   // "127.0.0.53:5353", "[::1]:53"; a port is required
  bool dnssec = false;  // validated from an anchor in trust_anchor_file; else taken as unsigned
};

struct UnboundOptions {
  std::vector<std::string> upstreams;            // resolvers, "192.0.2.53:53"; empty: those of resolv_conf
  std::string resolv_conf = "/etc/resolv.conf";  // empty as well: libunbound asks from the root servers down
  std::vector<StubZone> stubs;
  std::string trust_anchor_file;  // keys (DS or DNSKEY) as a zone file; empty: no validation
  bool strict_dnssec = true;      // answers without the signatures an anchor asks for: Bogus; else taken as unsigned
  std::chrono::milliseconds timeout{15'000};
  std::size_t in_flight_max = 2'000;
  std::size_t waiting_max = 100'000;
  std::size_t cache_bytes = 32U << 20U;  // libunbound's own caches, which all shards share
};

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(UnboundOptions options, Probe& probe);
  // Stops.
  ~UnboundResolver() override;

  Result<> start();
  // Look-ups under way end with Stopped. May be called twice.
  void stop();
  void ask(net::Shard& shard, Question question, Done done) override;

 private:
  class Loop;
  const UnboundOptions options_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace penstock::dns
