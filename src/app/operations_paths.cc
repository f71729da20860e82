// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/errc.h"
#include "app/ask_shards.h"
#include "app/node_operations.h"
#include "app/path_ahead.h"
#include "base/ascii.h"
#include "providers/explain.h"

namespace penstock::app {
namespace {

struct Whereto {
  std::string group, provider, found_by;
  bool fixed = false;
  std::string site{};  // the set of hosts, where there is no provider
};

Whereto by_destination(const model::NameTable& names, const delivery::Destination& to) {
  Whereto found;
  found.group = names.view(to.group);
  if (!to.provider) found.site = names.view(to.site);
  found.fixed = to.kind != delivery::RouteKind::Mx;
  if (to.provider) found.provider = names.view(to.provider);
  if (found.fixed) {
    found.found_by = "its mail takes a fixed route";
  } else if (to.hosts && !to.hosts->hosts.empty()) {
    found.found_by = "its MX host " + to.hosts->hosts.front().name;
  }
  return found;
}

Whereto find_out(Node& node, const std::string& domain, const delivery::Plan& plan, const config::Stream& stream) {
  const model::NameId name = node.names().intern(domain);
  const auto resolved = look_up(node.engine(), name, plan.stream_or_default(node.names().find(stream.name)).route);
  if (!resolved) return {"", "", "not known: the look-up has not ended; values are those of an unknown site", false};
  if (const auto* to = std::get_if<delivery::DestinationPtr>(&*resolved)) return by_destination(node.names(), **to);
  const auto& trouble = std::get<delivery::RouteTroublePtr>(*resolved);
  return {"", "", "not known: " + trouble->outcome.reply.text + "; values are those of an unknown site", false};
}

api::PathScope scope_of(const shaping::Explanation& from, const Clock& clock) {
  api::PathScope scope;
  scope.scope = from.scope;
  scope.state = to_string(from.state);
  scope.rule = from.rule;
  scope.cause = from.cause;
  if (from.since != Time{}) scope.since = clock.to_wall(from.since);
  if (from.until) scope.until = clock.to_wall(*from.until);
  scope.connections = from.connections;
  scope.connections_max = from.connection_limit == shaping::Explanation::kNoLimit ? 0 : from.connection_limit;
  scope.rate = from.rate;
  scope.rate_ceiling = from.rate_ceiling;
  scope.attempts = from.attempts;
  scope.refusals = from.refusals;
  scope.messages_per_connection = from.messages_per_connection;
  scope.next = from.next;
  scope.by = from.by;
  return scope;
}

// The limits of [[limit]] that may hold mail of this path back, whatever else they ask of it.
void add_limit_rules(const delivery::Plan& plan, const model::NameTable& names, const api::PathQuestion& question,
                     const Whereto& to, api::PathExplanation& answer) {
  if (!plan.limit_rules) return;
  using shaping::Dimension;
  const std::string site = to.group.starts_with("site:") ? to.group.substr(5) : "";
  const auto fits = [&](const shaping::LimitKey& match, Dimension which, const std::string& is) {
    return !match[which] || is.empty() || names.view(match[which]) == is;
  };
  for (const shaping::LimitRule& rule : *plan.limit_rules) {
    if (!fits(rule.match, Dimension::Vmta, question.vmta) || !fits(rule.match, Dimension::Site, site) ||
        !fits(rule.match, Dimension::Provider, to.provider.empty() ? to.group : to.provider)) {
      continue;
    }
    std::string about = rule.match == shaping::LimitKey{} ? "" : "for " + describe(rule.match, names);
    std::string each;
    for (std::size_t i = 0; i < shaping::kDimensions; ++i) {
      const auto which = static_cast<Dimension>(i);
      if (rule.per.has(which)) each.append(each.empty() ? "each " : ", each ").append(to_string(which));
    }
    if (!each.empty()) about += (about.empty() ? "" : "; ") + each + " has its own";
    const auto add = [&](const char* key, const std::string& value) {
      answer.values.push_back({key, value, "[[limit]] " + rule.name, "", "", about});
    };
    const shaping::Limits& limits = rule.limits;
    if (limits.connections != 0) add("connections", std::to_string(limits.connections));
    if (limits.messages_per_connection != 0) {
      add("messages_per_connection", std::to_string(limits.messages_per_connection));
    }
    if (limits.connection_rate.count > 0) add("connection_rate", format_rate(limits.connection_rate));
    if (limits.message_rate.count > 0) add("message_rate", format_rate(limits.message_rate));
    if (limits.transaction_rate.count > 0) add("transaction_rate", format_rate(limits.transaction_rate));
    if (limits.byte_rate.count > 0) add("byte_rate", format_rate(limits.byte_rate) + " bytes");
  }
}

// What of the path's limiters is worth telling, whether it is used now or only remembered.
void add_scopes(Node& node, const shaping::PathKey& wanted, api::PathExplanation& answer) {
  ask_shards(node.engine(), [&](delivery::Dispatcher& dispatcher) {
    const auto found = dispatcher.paths().find(wanted);
    if (found == dispatcher.paths().end()) {
      dispatcher.each_pathless([&](const shaping::PathKey& key, const shaping::Explanation& why) {
        if (key == wanted) answer.scopes.push_back(scope_of(why, node.clock()));
      });
      return;
    }
    for (const shaping::Explanation& why : found->second->limiter().explain(node.clock().now())) {
      answer.scopes.push_back(scope_of(why, node.clock()));
    }
  });
}

// An action on a tuple that this mail may fall under, as far as the question tells. What it says of tenants, campaigns
// and domains is true of some of it.
bool bears(const api::ActionRow& action, const config::Config& config, const api::PathQuestion& question,
           const Whereto& to) {
  return std::all_of(action.tuple.begin(), action.tuple.end(), [&](const auto& place) {
    const auto& [key, name] = place;
    if (key == "vmta") return name == question.vmta;
    if (key == "stream") return question.stream.empty() || name == question.stream;
    if (key == "provider") return name == (to.provider.empty() ? to.group : to.provider);
    if (key == "site") return to.site.empty() || name == to.site;
    if (key != "pool") return true;
    const config::Pool* pool = config.find_pool(name);
    return pool != nullptr &&
           std::any_of(pool->members.begin(), pool->members.end(),
                       [&](const config::PoolMember& member) { return member.vmta == question.vmta; });
  });
}

api::PathScope scope_of(const api::ActionRow& action) {
  api::PathScope scope;
  for (const auto& [key, name] : action.tuple) {
    scope.scope.append(scope.scope.empty() ? "" : " ").append(key).append("=").append(name);
  }
  scope.state = action.kind;
  scope.rule = action.rule;
  scope.cause = action.reply;
  scope.since = action.since;
  scope.until = action.until;
  scope.rate = action.rate;
  scope.attempts = action.answers;
  scope.refusals = action.replies;
  scope.next = action.next;
  scope.by = action.by;
  return scope;
}

api::PathScope scope_of(const warmup::Standing& paused) {
  api::PathScope scope;
  scope.scope = "warm-up of " + paused.name.vmta + " at " + paused.name.provider;
  scope.state = "paused";
  scope.rule = paused.ledger.paused_why;
  scope.since = paused.ledger.paused_since;
  scope.by = paused.ledger.paused_by;
  scope.next = "nothing is sent until somebody resumes it";
  return scope;
}

}  // namespace

Result<api::PathExplanation> NodeOperations::explain_path(const api::PathQuestion& question) {
  const Node::InForce in_force = node_.in_force();
  const config::Config& config = *in_force.config;
  if (config.find_vmta(question.vmta) == nullptr) {
    return fail(api::Errc::NotFound, "there is no vMTA \"" + question.vmta + "\"");
  }
  const config::Stream* stream = config.find_stream(question.stream.empty() ? config.fallback_stream : question.stream);
  if (stream == nullptr) return fail(api::Errc::NotFound, "there is no stream \"" + question.stream + "\"");
  if (question.domain.empty()) return fail(api::Errc::BadRequest, "name a domain");
  const std::string domain = ascii::lower(question.domain);
  const delivery::PlanPtr plan = ask_shard(node_.engine(), 0, [](auto& dispatcher) { return dispatcher.plan_ptr(); });
  const providers::Catalog& catalog = *plan->provider_data;

  Whereto to;
  if (question.provider.empty()) {
    to = find_out(node_, domain, *plan, *stream);
  } else {
    const bool known = catalog.find(question.provider) != nullptr ||
                       std::any_of(config.providers.begin(), config.providers.end(),
                                   [&](const auto& one) { return one.name == question.provider; });
    if (!known) return fail(api::Errc::NotFound, "there is no provider \"" + question.provider + "\"");
    to = {"provider:" + question.provider, question.provider, "the question", false};
  }

  api::PathExplanation answer;
  answer.provider = to.provider;
  answer.found_by = to.found_by;
  const config::Domain* rule = providers::domain_rule(config, domain);
  const config::Route& route = rule != nullptr && rule->route ? *rule->route : stream->route;
  answer.values.push_back({"route", route.to_string(),
                           rule != nullptr && rule->route ? "[[domain]] " + rule->name : "[[stream]] " + stream->name,
                           "", "", ""});
  const providers::Question ask{to.provider, rule, stream, to.fixed, question.vmta, to.site, domain};
  const bool own = !to.group.empty() && providers::has_own_path(config, ask);
  const std::string group = own ? shaping::own_group(stream->name, to.group) : to.group;
  answer.path = group.empty() ? "" : question.vmta + "/" + group;
  for (providers::Explained& row : providers::explain(config, catalog, ask)) {
    answer.values.push_back({std::move(row.key), std::move(row.value), std::move(row.origin), std::move(row.reference),
                             std::move(row.standing), std::move(row.note)});
  }
  add_limit_rules(*plan, node_.names(), question, to, answer);
  add_scopes(node_, {node_.names().find(question.vmta), node_.names().find(group)}, answer);
  // Nobody of the stream sends there now: the path around it still tells what would hold its mail.
  if (own && answer.scopes.empty()) {
    add_scopes(node_, {node_.names().find(question.vmta), node_.names().find(to.group)}, answer);
  }
  for (const api::ActionRow& action : shaping_.actions()) {
    if (bears(action, config, question, to)) answer.scopes.push_back(scope_of(action));
  }
  const std::string provider = to.provider.empty() ? std::string(warmup::kOther) : to.provider;
  for (const warmup::Standing& standing : node_.warmups().list()) {
    const bool its = standing.name.vmta == question.vmta && standing.name.provider == provider && !to.fixed;
    if (its && standing.ledger.paused) answer.scopes.push_back(scope_of(standing));
  }
  return answer;
}

}  // namespace penstock::app
