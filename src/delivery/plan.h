// SPDX-License-Identifier: Apache-2.0
// Plan: the configuration as the delivery engine uses it: streams, pools, vMTAs, limits and routes, looked up by
// number.
//
// Made once from the configuration and never changed; a reload makes another and hands it to every shard. What no
// longer is in a plan (a removed stream, a removed vMTA) is answered for by the plan: see stream_or_default, usable.
// Ownership: std::shared_ptr<const Plan>.   Threads: const, any.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classify/classifier.h"
#include "config/config.h"
#include "delivery/relay_service.h"
#include "delivery/tls_plan.h"
#include "dns/hosts.h"
#include "dns/provider_match.h"
#include "model/name_table.h"
#include "model/outcome.h"
#include "providers/catalog.h"
#include "queue/delivery_window.h"
#include "queue/fair_queue.h"
#include "queue/label_set.h"
#include "queue/retry_plan.h"
#include "shaping/action_book.h"
#include "shaping/adaptive_policy.h"
#include "shaping/connection_trouble.h"
#include "shaping/limit_book.h"
#include "shaping/limits.h"

namespace penstock::delivery {

// One next hop of a fixed route. `host`: an IP address, a name to be looked up, or "unix:/path".
struct RelayHost {
  std::string host;
  std::uint16_t port = 25;    // 0 for a unix socket
  bool implicit_tls = false;  // TLS from the first byte on
  bool operator==(const RelayHost&) const = default;
};

enum class RouteKind : std::uint8_t { Mx, Relay, Lmtp, Null };
[[nodiscard]] std::string_view to_string(RouteKind kind);  // as events name it: "mx", "relay", "lmtp", "null"

struct Route {
  RouteKind kind = RouteKind::Mx;
  std::vector<RelayHost> hosts;            // Relay, Lmtp: tried in this order
  TlsLevel tls = TlsLevel::Opportunistic;  // as the stream says; a domain's or provider's word goes first
  RelayServicePtr service{};               // Relay: what it has beyond hosts; null: nothing
  // "relay:127.0.0.2:2599", "relay:user@smtp.example:587": names the route's egress paths; "" for Mx.
  [[nodiscard]] std::string group() const;
  bool operator==(const Route&) const = default;
};

// A sending identity.
struct Vmta {
  model::NameId name{};
  std::string text;       // the same name as text
  std::string source_v4;  // "" when it has none
  std::string source_v6;
  std::string ehlo;
  bool usable = true;  // its addresses are on this machine and nobody switched it off
  [[nodiscard]] dns::Families families() const;
};

struct PoolMember {
  std::uint32_t vmta = 0;  // index into Plan::vmtas
  std::uint32_t weight = 1;
};
struct Pool {
  std::string name;
  std::vector<PoolMember> members;
  model::NameId id{};             // the same name
  bool move_when_listed = false;  // who is deferred because a list names our address may leave from another
  // That reply may send a recipient to another member.
  [[nodiscard]] bool lets_move(const model::Outcome& outcome) const;
};

struct DsnPolicy {
  bool enabled = true;              // failure notices at all
  std::optional<Duration> delay{};  // who asks for it is told of a delay after this long in the queue; none: never
  std::string stream;               // of the notices
  std::string sender;               // address in their From field; "": MAILER-DAEMON@ the node's name
};

struct Stream {
  std::string name;
  model::NameId id{};      // the same name
  std::uint32_t pool = 0;  // index into Plan::pools
  queue::Priority priority = queue::Priority::Normal;
  queue::RetryPlan retry;
  queue::DeliveryWindow window;
  DsnPolicy dsn;
  Route route;
  std::uint32_t recipients_per_message = 0;  // 0: as the egress path says
  std::vector<std::string> dkim;             // who signs, for DkimPlan::choose
};

// What an operator says of one domain, or of all below a suffix.
struct DomainRule {
  std::optional<shaping::Limits> limits{};
  std::optional<Route> route{};
  std::optional<TlsLevel> tls{};
  config::OwnTimeouts timeouts{};  // over those of the provider
  config::Backoff backoff{};       // likewise
};

struct Timeouts {  // RFC 5321 §4.5.3.2; none is infinite
  Duration connect{std::chrono::seconds{30}};
  Duration banner{std::chrono::minutes{5}};
  Duration ehlo{std::chrono::minutes{5}};
  Duration mail{std::chrono::minutes{5}};
  Duration rcpt{std::chrono::minutes{5}};
  Duration data{std::chrono::minutes{2}};
  Duration data_block{std::chrono::minutes{3}};
  Duration end_of_data{std::chrono::minutes{10}};
  Duration rset{std::chrono::seconds{20}};
  Duration quit{std::chrono::seconds{5}};
  Duration idle{std::chrono::seconds{5}};  // an open connection without work is kept this long
};

// [[path]]: values of the paths that fit all that is said. See path_rules.h.
struct PathRule {
  std::optional<std::vector<model::NameId>> vmtas{};  // any of these; none: any at all
  model::NameId provider{};                           // 0: any, or none
  model::NameId site{};                               // 0: any
  std::string domain{};                               // "a.example", "*.a.example"; "": no rule for a domain
  model::NameId stream{};                             // 0: of any
  shaping::Limits limits;
  std::optional<TlsLevel> tls{};
  config::OwnTimeouts timeouts{};
  config::Backoff backoff{};
  // It says more than what TLS is to be: a stream it names has paths of its own.
  [[nodiscard]] bool needs_path() const {
    return limits != shaping::Limits{} || timeouts != config::OwnTimeouts{} || backoff != config::Backoff{};
  }
};

using TimeoutsPtr = std::shared_ptr<const Timeouts>;

// How often a class of deferral is tried, and for how long at most, before it fails for good; 0: as the stream's retry
// says.
struct TryLimit {
  std::uint32_t tries = 0;
  Duration within{0};
};
// By class; those of model/class_policy.h, where the configuration says nothing else.
class TryLimits {
 public:
  TryLimits();
  [[nodiscard]] const TryLimit& of(model::OutcomeClass outcome_class) const {
    return limits_[static_cast<std::size_t>(outcome_class)];
  }
  void set(model::OutcomeClass outcome_class, TryLimit limit) {
    limits_[static_cast<std::size_t>(outcome_class)] = limit;
  }

 private:
  std::array<TryLimit, static_cast<std::size_t>(model::OutcomeClass::Other) + 1> limits_;
};

class DkimPlan;

struct Plan {
  std::string node = "localhost";  // Reporting-MTA of notices, our name in log and events
  std::vector<Vmta> vmtas;
  std::vector<Pool> pools;
  std::vector<Stream> streams;  // at least one
  std::uint32_t default_stream = 0;
  dns::ProviderTable providers;
  std::vector<model::NameId> provider_names;          // by provider index: "gmail"
  std::vector<model::NameId> provider_groups;         // by provider index: "provider:gmail"
  std::vector<shaping::Limits> provider_limits;       // by provider index
  std::vector<std::optional<TlsLevel>> provider_tls;  // by provider index
  std::vector<TlsLevel> provider_tls_least;           // by provider index: what it is known to need, unless said above
  std::vector<TimeoutsPtr> provider_timeouts;         // by provider index; null: as `timeouts`
  std::vector<shaping::AdaptivePolicyPtr> provider_policies;  // by provider index
  shaping::AdaptivePolicyPtr default_policy;                  // of every egress path, where nothing narrower is said
  shaping::Limits default_limits;                             // of every egress path, where nothing narrower is said
  // Of sites found by MX that belong to no provider; none: default_limits.
  std::optional<shaping::Limits> site_limits;
  std::shared_ptr<const providers::Catalog> provider_data = std::make_shared<const providers::Catalog>();
  shaping::LimitRules limit_rules;    // [[limit]]; null: none
  shaping::ActionRules action_rules;  // null: as shipped
  std::vector<PathRule> path_rules;   // in the file's order: a later one that says something counts
  bool paths_say_more = false;        // some of these say something of time-outs or back-off mode
  bool paths_say_tls = false;         // … of TLS
  bool streams_have_paths = false;    // … name a stream, whose mail then has paths of its own
  shaping::TroublePolicy trouble;
  Timeouts timeouts;
  TlsPlan tls;
  std::uint16_t mx_port = 25;
  std::uint32_t nxdomain_confirmations = 2;  // attempts that must all say NXDOMAIN before it is a bounce; at least 1
  std::uint32_t connections_max = 0;         // to receivers in all; 0: what the descriptors allow
  std::uint32_t targets_max = 5;             // addresses tried for one connection
  bool eight_bit = true;
  bool pipelining = true;
  bool chunking = true;
  std::shared_ptr<const classify::Classifier> classifier = classify::Classifier::shipped();
  std::shared_ptr<const DkimPlan> dkim;  // null: no keys
  TryLimits try_limits;

  boost::unordered_flat_map<std::uint32_t, std::uint32_t> stream_by_name;  // NameId value → index
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> vmta_by_name;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> pool_by_name;
  boost::unordered_flat_map<std::string, DomainRule> domains;   // exact
  boost::unordered_flat_map<std::string, DomainRule> suffixes;  // "*.example" under "example"

  [[nodiscard]] const Stream& stream_or_default(model::NameId name) const;
  // The stream's, unless the sender asked for another.
  [[nodiscard]] const Pool& pool_of(const queue::LabelSet& labels) const;
  [[nodiscard]] const Vmta* find_vmta(model::NameId name) const;  // nullptr when not in this plan
  // The rule of the domain itself, else that of the longest suffix; nullptr when there is none.
  [[nodiscard]] const DomainRule* find_domain(std::string_view domain) const;
};

using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace penstock::delivery
