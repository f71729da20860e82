// SPDX-License-Identifier: Apache-2.0
// Whether a service that mail is relayed to lets us sign in: as the daemon does it, with nothing sent and QUIT after.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include "base/secret_file.h"
#include "net/deadline.h"
#include "preflight/checks.h"
#include "sasl/client_exchange.h"
#include "smtp/client_session.h"

namespace penstock::preflight {
namespace {

std::string random_nonce() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

// One conversation. Everything it refers to outlives it.
struct Visit {
  const World& world;
  const config::Route& route;
  const config::Endpoint& host;
  const std::string& password;
  smtp::ClientSession session;
  std::unique_ptr<net::Stream> stream{};
  std::unique_ptr<sasl::ClientExchange> exchange{};
  bool signed_in = false;

  net::Task<> shake_hands(net::TlsContextPtr context);
  void sign_in();
  net::Task<> converse(net::TlsContextPtr context);
};

net::Task<> Visit::shake_hands(net::TlsContextPtr context) {
  net::TlsAsk wanted;
  wanted.name = host.host;
  wanted.must_verify = route.tls.value_or(config::TlsLevel::Verify) == config::TlsLevel::Verify;
  const auto shaken = co_await stream->start_tls(std::move(context), std::move(wanted), world.config.preflight.timeout);
  if (!shaken) co_return session.on_lost(model::OutcomeClass::Tls, "TLS: " + shaken.error().to_string());
  // With implicit TLS the session has known from the beginning.
  if (!session.is_tls()) session.on_tls();
}

void Visit::sign_in() {
  if (!session.auth_challenge()) {
    const std::string& offered = session.extensions().auth;
    const auto mechanism = sasl::choose_mechanism(offered);
    if (!mechanism) {
      return session.give_up_auth(offered.empty() ? "it does not offer AUTH"
                                                  : "it offers no mechanism of ours: " + offered);
    }
    exchange = std::make_unique<sasl::ClientExchange>(*mechanism, route.user, password, random_nonce());
    return session.start_auth(sasl::to_string(*mechanism), exchange->initial_response());
  }
  const auto response = exchange->respond(*session.auth_challenge());
  if (!response) return session.give_up_auth(response.error());
  session.respond_auth(*response);
}

net::Task<> Visit::converse(net::TlsContextPtr context) {
  std::array<char, 4096> buffer{};
  // The session as a whole, so that a peer that drips holds up nothing.
  const net::Deadline deadline(4 * world.config.preflight.timeout);
  const auto wait = [&] { return std::min(world.config.preflight.timeout, deadline.left()); };
  while (true) {
    const smtp::Action action = session.next();
    if (const auto* write = std::get_if<smtp::Write>(&action)) {
      const net::Io io = co_await stream->write(write->chunks, wait());
      if (io.error || io.closed) {
        session.on_lost(model::OutcomeClass::Network, io.to_string());
      } else {
        session.on_written();
      }
    } else if (std::holds_alternative<smtp::Read>(action)) {
      const net::Io io = co_await stream->read_some(buffer, wait());
      if (io.bytes > 0) {
        session.on_bytes({buffer.data(), io.bytes});
      } else {
        session.on_lost(model::OutcomeClass::Network, io.to_string());
      }
    } else if (std::holds_alternative<smtp::Handshake>(action)) {
      co_await shake_hands(context);
    } else if (std::holds_alternative<smtp::SignIn>(action)) {
      sign_in();
    } else if (std::holds_alternative<smtp::Idle>(action)) {
      signed_in = exchange != nullptr && exchange->complete();
      if (signed_in) {
        session.quit();
      } else {
        session.give_up_auth("it says yes without proving that it knows the password");
      }
    } else {
      co_return;
    }
  }
}

Finding judge(const std::string& where, const Visit& visit) {
  const std::string who = fmt::format("{} of {}", visit.route.user, where);
  if (visit.signed_in) {
    return {Level::Pass, Check::Relay,
            fmt::format("{} signs in, by {}", who, sasl::to_string(visit.exchange->mechanism()))};
  }
  if (!visit.session.failure()) return {Level::Warn, Check::Relay, who + ": the connection ended", "try again"};
  const model::Outcome& failure = *visit.session.failure();
  const std::string said = failure.reply.code == 0 ? failure.reply.text : failure.reply.to_string();
  const bool refused = failure.reply.permanent() || failure.outcome_class == model::OutcomeClass::Tls ||
                       (failure.step == model::Step::Auth && failure.reply.code == 0);
  if (failure.step == model::Step::Auth && failure.reply.permanent()) {
    return {
        Level::Fail, Check::Relay, fmt::format("{} cannot sign in: {}", who, said),
        fmt::format("see whether user and the first line of {} are those of the service", visit.route.password_file)};
  }
  return {refused ? Level::Fail : Level::Warn, Check::Relay, fmt::format("{}: {}", who, said),
          refused ? "see whether the route's host, port and TLS are those of the service"
                  : "try again; if it stays so, see whether a firewall stops it"};
}

}  // namespace

net::Task<Findings> check_relay(const World& world, Relay relay) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend) {
    found.push_back({level, Check::Relay, std::move(what), std::move(mend)});
  };
  const auto text = read_secret_file(relay.route->password_file);
  if (!text) {
    add(Level::Fail, text.error(), "correct the file, or run preflight as root or the user Penstock runs as");
    co_return found;
  }
  const std::string password = text->substr(0, text->find_first_of("\r\n"));
  auto context = net::TlsContext::client(world.config.tls.ca_file);
  if (!context) {
    add(Level::Fail, context.error().to_string(), "correct tls.ca_file");
    co_return found;
  }
  for (const config::Endpoint& host : relay.route->hosts) {
    const std::string where = host.to_string();
    std::vector<std::string> addresses{host.host};
    if (!IpAddress::parse(host.host)) {
      const dns::Answer answer = co_await ask_addresses(world, host.host);
      addresses = values(answer);
      if (addresses.empty()) {
        add(dns::is_temporary(answer.status) ? Level::Warn : Level::Fail,
            fmt::format("{}: {}", where, trouble_of(answer)), "see whether the route names the service's host");
        continue;
      }
    }
    const auto remote = net::make_endpoint(addresses.front(), host.port);
    if (!remote) continue;
    smtp::ClientOptions options;
    options.ehlo_name = world.config.vmtas.empty() || world.config.vmtas.front().ehlo.empty()
                            ? world.config.node.name
                            : world.config.vmtas.front().ehlo;
    options.implicit_tls = relay.route->is_implicit_tls(host);
    options.start_tls = smtp::StartTls::Required;
    options.auth = true;
    Visit visit{world, *relay.route, host, password, smtp::ClientSession(std::move(options))};
    auto stream = co_await net::connect(world.shard, *remote, "", world.config.preflight.timeout);
    if (!stream) {
      add(Level::Fail, fmt::format("{}: no connection: {}", where, stream.error().code.message()),
          fmt::format("see whether a firewall stops it; to try again:\nnc -vz {} {}", addresses.front(), host.port));
      continue;
    }
    visit.stream = std::move(*stream);
    if (relay.route->is_implicit_tls(host)) co_await visit.shake_hands(*context);
    co_await visit.converse(*context);
    found.push_back(judge(where, visit));
  }
  co_return found;
}

}  // namespace penstock::preflight
