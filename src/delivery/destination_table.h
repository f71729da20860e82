// SPDX-License-Identifier: Apache-2.0
// DestinationTable: domain and stream → Destination, remembered. One per shard.
//
// Use:  if (auto known = table.find(domain, stream)) …;   else resolved = co_await table.look_up(domain, stream);
// Owns: the shard's dns::Router.   Threads: the shard's.
// Errors: none; a domain that cannot be reached is a RouteTrouble, which says what becomes of its recipients.
// Limits: kKept domains and kKept fixed routes; then it forgets them all, which costs a look-up each.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "delivery/destination.h"
#include "delivery/place_table.h"
#include "dns/router.h"
#include "model/name_table.h"
#include "model/outcome.h"
#include "mtasts/policies.h"
#include "tlsrpt/collector.h"

namespace penstock::delivery {

// Why a domain's recipients cannot be sent anywhere now.
struct RouteTrouble {
  model::Outcome outcome;       // Deferred (DNS trouble) or Bounced (null MX, no host, …), at Step::Connect
  bool no_such_domain = false;  // bounces only after Plan::nxdomain_confirmations attempts that say so
};
using RouteTroublePtr = std::shared_ptr<const RouteTrouble>;
using Resolved = std::variant<DestinationPtr, RouteTroublePtr>;

// Where what domains publish beside their hosts is asked; nullptr: it is not.
struct Published {
  mtasts::Policies* policies = nullptr;
  tlsrpt::Collector* reports = nullptr;
};

class DestinationTable {
 public:
  static constexpr std::size_t kKept = 200'000;
  static constexpr std::size_t kKeptAtLevel = 10'000;

  // All references and pointers must outlive it.
  DestinationTable(net::Shard& shard, model::NameTable& names, PlaceTable& places, dns::Resolver& resolver,
                   const dns::HostFinder& finder, const Clock& clock, dns::Probe& probe,
                   dns::RouteCacheLimits limits = {}, Published published = {});

  void set_plan(PlanPtr plan);
  // What is known now; nothing if it has to be looked up. Costs a hash look-up or two when known.
  [[nodiscard]] std::optional<Resolved> find(model::NameId domain, const Stream& stream,
                                             model::TlsWish wish = model::TlsWish::Usual);
  [[nodiscard]] net::Task<Resolved> look_up(model::NameId domain, Route route,
                                            model::TlsWish wish = model::TlsWish::Usual);
  // Where mail of that domain and stream goes, or went last, as far as it is known without a look-up; by group 0
  // otherwise.
  [[nodiscard]] PlaceTable::Known place_of(model::NameId domain, const Stream& stream);
  // Destination::home of mail that left by MX some time ago, from the names that were noted of it; "" where there was
  // none. 0: nothing was noted.
  [[nodiscard]] model::NameId home_of(std::string_view provider, std::string_view site, std::string_view domain) const;
  // Afterwards place_of() knows a domain found by MX, unless DNS does not tell.
  [[nodiscard]] net::Task<> learn_place(model::NameId domain);
  // The same where TLS is to be of that level, as [[path]] asks; itself where it is so already, or where the hosts have
  // a level of their own. Made once.
  [[nodiscard]] DestinationPtr at_level(const DestinationPtr& to, TlsLevel level);
  // The next recipients of the domain cause a look-up.
  void forget(model::NameId domain);

 private:
  struct Known {
    dns::RoutePtr route;     // what it was made from
    mtasts::VerdictPtr sts;  // likewise
    Resolved resolved;
  };
  struct Fixed {
    Time expires;
    Resolved resolved;
  };
  [[nodiscard]] const Route& route_for(std::string_view domain, const Route& of_stream) const;
  // What TLS is to a message before its domain is known.
  struct TlsOfMail {
    TlsLevel level;  // of the stream
    model::TlsWish wish;
  };
  [[nodiscard]] static std::uint64_t known_key(model::NameId domain, const TlsOfMail& tls);
  [[nodiscard]] bool asks_policies(const dns::RoutePtr& route) const;
  [[nodiscard]] net::Task<> look_up_reports(std::string domain);
  [[nodiscard]] Resolved resolve_mx(model::NameId domain, const dns::RoutePtr& route, const mtasts::VerdictPtr& sts,
                                    TlsOfMail tls);
  [[nodiscard]] DestinationPtr make_mx(model::NameId domain, std::shared_ptr<const dns::Hosts> hosts,
                                       const mtasts::VerdictPtr& sts, TlsOfMail tls);
  [[nodiscard]] Resolved make_fixed(model::NameId domain, const Route& route, std::shared_ptr<const dns::Hosts> hosts,
                                    std::vector<HostPort> ports, model::TlsWish wish);
  [[nodiscard]] net::Task<Resolved> look_up_fixed(model::NameId domain, Route route, model::TlsWish wish);
  [[nodiscard]] net::Task<dns::Host> look_up_host(std::string name, std::uint16_t preference);
  void publish(model::NameId domain, const Resolved& resolved);
  void set_lane(Destination& to);
  // Of hosts found by MX: what the level and what the domain publishes come to, and the lane.
  void set_tls(Destination& to, TlsLevel level);
  void apply_domain_rule(Destination& to, std::string_view domain) const;
  [[nodiscard]] model::NameId own_group(std::string_view domain) const;
  [[nodiscard]] std::string fixed_key(model::NameId domain, const Route& route, TlsOfMail tls) const;

  net::Shard& shard_;
  model::NameTable& names_;
  PlaceTable& places_;
  dns::Resolver& resolver_;
  const Clock& clock_;
  dns::Router router_;
  const Published published_;
  PlanPtr plan_;
  boost::unordered_flat_map<std::uint64_t, Known> by_domain_;  // and TLS of the mail
  boost::unordered_flat_map<std::string, Fixed> fixed_;
  boost::unordered_flat_map<const Route*, model::NameId> fixed_groups_;  // of routes in plan_
  struct AtLevel {
    DestinationPtr from, made;
  };
  boost::unordered_flat_map<std::pair<const Destination*, TlsLevel>, AtLevel> at_level_;
};

}  // namespace penstock::delivery
