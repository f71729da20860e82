// SPDX-License-Identifier: Apache-2.0
// Checks of relay routes: whole accounts, known placeholders, and one way of speaking to one account.
#include <algorithm>
#include <array>

#include "config/checker.h"
#include "config/kinds.h"

namespace penstock::config {
namespace {

constexpr std::array<std::string_view, 5> kPlaceholders{"{stream}", "{tenant}", "{campaign}", "{vmta}", "{id}"};

struct Use {
  const Route* route;
  Entity entity;
};

// The first "{…}" that stands for nothing; "" when there is none.
std::string_view unknown_placeholder(std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    const std::string_view word = text.substr(at, end == std::string_view::npos ? end : end - at + 1);
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), word) == kPlaceholders.end()) return word;
  }
  return {};
}

std::string group_of(const Route& route) {
  std::string group = route.user + "@";
  for (const Endpoint& host : route.hosts) group += host.to_string() + ",";
  return group;
}

void check_account(const Use& use, Checker& checker) {
  const Route& route = *use.route;
  if (route.user.empty() != route.password_file.empty()) {
    checker.error(use.entity, "route", "a relay route with a user needs a password_file, and the other way round",
                  route.user.empty() ? "add user" : "add password_file");
  }
  if (!route.user.empty() && route.tls && *route.tls < TlsLevel::Require) {
    checker.error(use.entity, "route", "a relay route with a user must not go in clear",
                  "leave tls out, or set it to \"verify\" or \"require\"");
  }
  const bool implicit = std::any_of(route.hosts.begin(), route.hosts.end(),
                                    [&](const Endpoint& host) { return route.is_implicit_tls(host); });
  if (implicit && route.tls && *route.tls < TlsLevel::Require) {
    checker.error(
        use.entity, "route", "a relay that is encrypted from the first byte on cannot have mail in clear",
        "leave tls out or set it to \"verify\" or \"require\"; implicit_tls = false is for one that begins in clear");
  }
  for (const auto& [name, value] : route.headers) {
    const std::string_view word = unknown_placeholder(value);
    if (word.empty()) continue;
    checker.error(use.entity, "route", fmt::format("header {} has the placeholder {}, which is none", name, word),
                  fmt::format("there are {}", fmt::join(kPlaceholders, ", ")));
  }
}

}  // namespace

void check_routes(const Config& config, Checker& checker) {
  std::vector<Use> uses;
  for (std::size_t i = 0; i < config.streams.size(); ++i) {
    uses.push_back({&config.streams[i].route, Checker::entity("stream", i, config.streams[i].name)});
  }
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    const Domain& domain = config.domains[i];
    if (domain.route) uses.push_back({&*domain.route, Checker::entity("domain", i, domain.name)});
  }
  std::map<std::string, const Use*> first;
  for (const Use& use : uses) {
    if (use.route->kind != Route::Kind::Relay) continue;
    check_account(use, checker);
    const auto [earlier, is_new] = first.try_emplace(group_of(*use.route), &use);
    if (is_new) continue;
    const Route& other = *earlier->second->route;
    // They share connections and limits: which of two would hold is not said anywhere.
    if (other.password_file == use.route->password_file && other.limits == use.route->limits &&
        other.implicit_tls == use.route->implicit_tls) {
      continue;
    }
    checker.error(use.entity, "route",
                  fmt::format("the same relay has another password_file, implicit_tls or other limits at {}",
                              checker.where(earlier->second->entity, "route")),
                  "give both routes the same, or the relay another user");
  }
}

}  // namespace penstock::config
