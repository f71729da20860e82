// SPDX-License-Identifier: Apache-2.0
// How a Connection gets to a host that is ready for mail: which addresses, TCP, TLS, banner and EHLO.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "delivery/connection.h"
#include "delivery/dispatcher.h"
#include "delivery/own_shortage.h"
#include "delivery/tls_session.h"

namespace penstock::delivery {
namespace {

model::Outcome connect_outcome(const Error& error) {
  const bool timed_out = error.code == std::errc::timed_out || error.code.value() == ETIMEDOUT;
  return {model::OutcomeKind::Deferred, model::Step::Connect,
          timed_out ? model::OutcomeClass::Timeout : model::OutcomeClass::Network,
          model::Reply{0, {4, 4, 1}, error.detail + ": " + error.code.message()}};
}

model::Outcome tls_outcome(std::string words) {
  return {model::OutcomeKind::Deferred, model::Step::StartTls, model::OutcomeClass::Tls,
          model::Reply{0, {4, 7, 5}, std::move(words)}};
}

// RFC 8689 §4.2.1, step 5.
model::Outcome require_tls_outcome(std::string_view words) {
  return {model::OutcomeKind::Bounced, model::Step::StartTls, model::OutcomeClass::Tls,
          model::Reply{0, {5, 7, 30}, fmt::format("REQUIRETLS is not supported on the way: {}", words)}};
}

// What a banner or EHLO that turns us away may say of the address we come from: then its host is not in trouble.
bool speaks_of_our_address(const model::Outcome& failure) {
  if (failure.reply.code == 0) return false;
  switch (failure.outcome_class) {
    case model::OutcomeClass::Policy:
    case model::OutcomeClass::SpamContent:
    case model::OutcomeClass::Reputation:
    case model::OutcomeClass::Blocklist:
    case model::OutcomeClass::RateLimit:
    case model::OutcomeClass::TooManyConnections:
    case model::OutcomeClass::Greylisting: return true;
    default: return false;
  }
}

// Never dodge: whoever was told that his address is to wait asks nobody else at once. Another host may have a
// connection to spare.
bool ends_the_search(const model::Outcome& failure) {
  return speaks_of_our_address(failure) && failure.outcome_class != model::OutcomeClass::TooManyConnections;
}

}  // namespace

std::vector<Connection::Hop> Connection::list_hops() {
  std::vector<Hop> hops;
  if (!destination_->unix_path.empty()) {
    const auto endpoint = net::parse_endpoint("unix:" + destination_->unix_path);
    if (endpoint) hops.push_back({*endpoint, destination_->unix_path, "unix", "", &plain_tls_, false});
    return hops;
  }
  const Vmta* vmta = plan_->find_vmta(lane_.path.key().vmta);
  if (vmta == nullptr) return hops;
  const bool any_source = vmta->source_v4.empty() && vmta->source_v6.empty();
  const auto targets = dns::order_targets(*destination_->hosts, any_source ? dns::Families::V4ThenV6 : vmta->families(),
                                          dispatcher_.parts().rng);
  for (const dns::Target& target : targets) {
    HostPort port{plan_->mx_port, false};
    if (!destination_->ports.empty()) port = destination_->ports[target.preference];
    const auto endpoint = net::make_endpoint(target.address, port.port);
    if (!endpoint) continue;
    const std::string& source = target.family == dns::Family::V6 ? vmta->source_v6 : vmta->source_v4;
    const HostTls* tls = destination_->host_tls.empty() ? &plain_tls_ : &destination_->host_tls[target.index];
    hops.push_back({*endpoint, std::string(target.host), std::string(target.address), source, tls, port.implicit_tls});
  }
  const Time now = dispatcher_.parts().clock.now();
  std::stable_partition(hops.begin(), hops.end(),
                        [&](const Hop& hop) { return !dispatcher_.host_trouble().in_trouble(hop.address, now); });
  if (hops.size() > plan_->targets_max) hops.resize(plan_->targets_max);
  return hops;
}

net::Task<bool> Connection::reach_host() {
  failure_ = {model::OutcomeKind::Deferred, model::Step::Connect, model::OutcomeClass::Routing,
              model::Reply{0, {4, 4, 4}, "no host has an address of a family that the vMTA can send from"}};
  const std::vector<Hop> hops = list_hops();
  std::optional<model::Outcome> answer, deferral;
  std::size_t limited = 0;
  const Hop* heard_us = nullptr;  // who answers one source address is not asked from another
  for (const Hop& hop : hops) {
    if (dispatcher_.stopping()) break;
    if (heard_us != nullptr && heard_us->source != hop.source) continue;
    host_tls_ = hop.tls;
    shaping::HeldLimits limits;
    std::uint32_t messages = 0;
    const bool asks = hop.tls->refusal.empty() && dispatcher_.limits().has(shaping::LimitBook::Part::Hop);
    if (asks && !dispatcher_.may_connect(lane_, hop.host, hop.address, hop.source, limits, messages)) {
      ++limited;
      continue;
    }
    if (co_await reach(hop)) {
      permit_.hold(std::move(limits), messages);
      co_return true;
    }
    stream_.reset();
    if (short_) {  // no other host would do better
      limited_ = true;
      co_return false;
    }
    if (failure_.kind != model::OutcomeKind::Deferred) continue;
    deferral = failure_;
    if (failure_.reply.code == 0) continue;
    answer = failure_;
    heard_us = &hop;
    if (ends_the_search(failure_)) break;
  }
  limited_ = limited > 0 && limited == hops.size();
  // What one host said outweighs another's silence: it may be about our address (never dodge). REQUIRETLS is refused
  // for good only when no host is left that may yet do it.
  if (deferral) failure_ = answer ? *answer : *deferral;
  co_return false;
}

// What TLS must be is one domain's matter: a host that is not as one wants it is no worse for others.
net::Task<bool> Connection::reach(const Hop& hop) {
  const Time now = dispatcher_.parts().clock.now();
  session_.reset();
  tls_ = {};
  if (!hop.tls->refusal.empty()) {
    failure_ = hop.tls->policy == "requiretls" ? require_tls_outcome(hop.tls->refusal) : tls_outcome(hop.tls->refusal);
    note_session(hop);
    co_return false;
  }
  const bool reached = co_await try_hop(hop);
  if (reached && hop.tls->announces_require_tls && !session_->extensions().require_tls) {
    failure_ = require_tls_outcome(fmt::format("{} does not offer it", hop.host));
    dispatcher_.host_trouble().worked(hop.address);
    co_return false;
  }
  if (reached) {
    dispatcher_.host_trouble().worked(hop.address);
    extensions_ = session_->extensions().to_string();
    note_session(hop);
    co_return true;
  }
  if (short_) co_return false;
  if (failure_.step != model::Step::StartTls) {
    if (!speaks_of_our_address(failure_)) dispatcher_.host_trouble().failed(hop.address, now);
    co_return false;
  }
  note_session(hop);
  // A hung handshake may end well another time.
  const bool refused = failure_.outcome_class == model::OutcomeClass::Tls && !tls_timed_out_;
  if (hop.tls->announces_require_tls && refused) failure_ = require_tls_outcome(failure_.reply.text);
  co_return false;
}

// Counts the session for the domain's report of TLS (RFC 8460).
void Connection::note_session(const Hop& hop) {
  tlsrpt::Collector* reports = dispatcher_.parts().tls_reports;
  if (reports == nullptr || !destination_->reports_tls) return;
  const std::string_view domain = dispatcher_.parts().names.view(destination_->domain);
  SessionFacts facts;
  facts.tls = hop.tls;
  facts.host = hop.host;
  facts.address = hop.address;
  facts.source = stream_ ? stream_->local_address() : hop.source;
  facts.verified = tls_.verified;
  facts.is_tls = !tls_.protocol.empty();
  if (failure_.step == model::Step::StartTls && !(session_ && std::holds_alternative<smtp::Idle>(session_->next()))) {
    facts.failure = failure_.reply.text;
  }
  report_session(*reports, domain, destination_->sts.get(), facts);
}

smtp::StartTls Connection::start_tls_with(const Hop& hop) {
  if (!plan_->tls.context || !destination_->unix_path.empty()) return smtp::StartTls::Never;
  switch (hop.tls->level) {
    case TlsLevel::None: return smtp::StartTls::Never;
    case TlsLevel::Opportunistic:
      return dispatcher_.tls_memory().has_failed(hop.address, dispatcher_.parts().clock.now())
                 ? smtp::StartTls::Never
                 : smtp::StartTls::Offered;
    case TlsLevel::Require:
    case TlsLevel::Verify: break;
  }
  return smtp::StartTls::Required;
}

// A handshake that comes to nothing ends the link. Where nothing forbids it the same host is tried again in clear, and
// the failure remembered, so that a host that hangs costs its time once.
net::Task<bool> Connection::try_hop(const Hop& hop) {
  const smtp::StartTls start_tls = start_tls_with(hop);
  if (co_await greet(hop, start_tls)) co_return true;
  if (!tls_failed_ || start_tls != smtp::StartTls::Offered || dispatcher_.stopping()) co_return false;
  dispatcher_.tls_memory().failed(hop.address, dispatcher_.parts().clock.now(), plan_->tls.clear_for);
  log::info("delivery", "TLS with {} ({}) fails, mail goes in clear for now: {}", hop.host, hop.address,
            failure_.reply.text);
  co_return co_await greet(hop, smtp::StartTls::Never);
}

net::Task<> Connection::shake_hands() {
  const std::string trouble = co_await encrypt();
  if (trouble.empty()) co_return session_->on_tls();
  session_->on_lost(model::OutcomeClass::Tls, trouble);
}

net::Task<std::string> Connection::encrypt() {
  net::TlsAsk ask;
  ask.name = host_tls_->name.empty() ? host_ : host_tls_->name;
  ask.more_names = host_tls_->more_names;
  ask.tlsa = host_tls_->tlsa;
  ask.must_verify = host_tls_->level == TlsLevel::Verify;
  ask.sessions = &dispatcher_.tls_memory().sessions();
  ask.session_key = fmt::format("{} {} {}", host_, stream_->peer_port(), destination_->lane.value);
  auto shaken = co_await stream_->start_tls(plan_->tls.context, std::move(ask), plan_->tls.handshake);
  if (!shaken) {
    tls_failed_ = true;
    tls_timed_out_ = shaken.error().code == std::errc::timed_out;
    co_return tls_timed_out_ ? "the handshake timed out" : shaken.error().detail;
  }
  tls_ = std::move(*shaken);
  co_return std::string();
}

net::Task<bool> Connection::greet(const Hop& hop, smtp::StartTls start_tls) {
  stream_.reset();
  tls_ = {};
  tls_failed_ = false;
  tls_timed_out_ = false;
  host_ = hop.host;
  auto connected = co_await net::connect(dispatcher_.parts().shard, hop.endpoint, hop.source, timeouts().connect);
  if (!connected) {
    failure_ = connect_outcome(connected.error());
    const std::error_code& code = connected.error().code;
    const bool no_port = code == std::errc::address_not_available && !hop.source.empty();
    short_ = is_own_shortage(code) || (no_port && net::address_is_local(hop.source));
    if (short_) dispatcher_.note_shortage(connected.error());
    co_return false;
  }
  stream_ = std::move(*connected);
  if (hop.implicit_tls) {
    const std::string trouble = co_await encrypt();
    if (!trouble.empty()) {
      failure_ = tls_outcome("the TLS handshake failed: " + trouble);
      co_return false;
    }
  }
  const Vmta* vmta = plan_->find_vmta(lane_.path.key().vmta);
  smtp::ClientOptions options;
  options.ehlo_name = vmta == nullptr ? plan_->node : vmta->ehlo;
  options.lmtp = destination_->kind == RouteKind::Lmtp;
  options.eight_bit = plan_->eight_bit ? smtp::EightBitPolicy::Send : smtp::EightBitPolicy::Bounce;
  options.pipelining = plan_->pipelining;
  options.chunking = plan_->chunking;
  options.start_tls = start_tls;
  options.implicit_tls = hop.implicit_tls;
  options.auth = destination_->service && destination_->service->signs_in();
  exchange_.reset();
  session_ = std::make_unique<smtp::ClientSession>(std::move(options));
  co_await talk();
  if (std::holds_alternative<smtp::Idle>(session_->next()) && is_signed_in()) co_return true;
  // With TLS 1.3 a server may refuse us only after our part of the handshake is done.
  tls_failed_ = tls_failed_ || (session_->is_tls() && !session_->greeted() && session_->failure() &&
                                session_->failure()->reply.code == 0);
  if (session_->failure()) {
    failure_ = *session_->failure();
    if (failure_.step == model::Step::Auth) {
      dispatcher_.judge().sign_in_failed(failure_, hop.host);
    } else {
      dispatcher_.judge().judge_connection(failure_, dispatcher_.parts().names.view(destination_->provider));
    }
  }
  co_return false;
}

}  // namespace penstock::delivery
