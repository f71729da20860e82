// SPDX-License-Identifier: Apache-2.0
#include "app/known_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/errc.h"
#include "app/ask_shards.h"
#include "config/nearest.h"
#include "queue/selection.h"

namespace penstock::app {
namespace {

constexpr std::size_t kListedMax = 10;
constexpr std::string_view kProvider = "provider:";

std::vector<std::string> provider_names(Node& node) {
  const delivery::PlanPtr plan = ask_shard(node.engine(), 0, [](auto& dispatcher) { return dispatcher.plan_ptr(); });
  std::vector<std::string> names;
  for (const model::NameId name : plan->provider_names) names.emplace_back(node.names().view(name));
  return names;
}

// Whether anything that is queued or in delivery fits.
bool is_carried(Node& node, const queue::SelectionText& wanted) {
  const auto selection = queue::Selection::make(wanted, node.names());
  if (!selection) return false;
  bool found = false;
  const auto look = [&](const queue::QueuedRecipient& recipient, const queue::Place& place) {
    found = found || selection->matches(recipient, node.labels(), place);
  };
  const auto visit = [&](const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
    look(recipient, at.place);
    return queue::Visit::Keep;
  };
  scan_queues(node.engine(), visit, [&](std::size_t) { return !found; });
  ask_shards(node.engine(), [&](delivery::Dispatcher& dispatcher) {
    if (!found) dispatcher.visit_in_flight(look);
  });
  return found;
}

Result<> check(Node& node, std::string_view kind, const std::string& name, std::span<const std::string> known,
               const queue::SelectionText& wanted) {
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return {};
  // A name that was never heard of is carried by nobody.
  if (node.names().find(name) && is_carried(node, wanted)) return {};
  return fail(api::Errc::NotFound, not_configured(kind, name, known));
}

}  // namespace

std::vector<std::string> stream_names(const config::Config& config) {
  std::vector<std::string> names;
  names.reserve(config.streams.size());
  for (const config::Stream& stream : config.streams) names.push_back(stream.name);
  return names;
}

std::vector<std::string> vmta_names(const config::Config& config) {
  std::vector<std::string> names;
  names.reserve(config.vmtas.size());
  for (const config::Vmta& vmta : config.vmtas) names.push_back(vmta.name);
  return names;
}

std::string not_configured(std::string_view kind, const std::string& name, std::span<const std::string> known) {
  std::string words = fmt::format("no {} \"{}\" is configured", kind, name);
  if (const std::string near = config::did_you_mean(name, known); !near.empty()) return words + "; " + near;
  if (!known.empty() && known.size() <= kListedMax) words += fmt::format("; there are {}", fmt::join(known, ", "));
  return words;
}

Result<> check_names(Node& node, const api::Selection& selection) {
  std::string vmta = selection.vmta;
  std::string provider = selection.provider;
  if (const std::size_t slash = selection.path.find('/'); slash != std::string::npos) {
    const std::string_view group = shaping::parts_of_group(std::string_view(selection.path).substr(slash + 1)).group;
    if (vmta.empty()) vmta = selection.path.substr(0, slash);
    if (provider.empty() && group.starts_with(kProvider)) provider = group.substr(kProvider.size());
  }
  const auto config = node.in_force().config;
  const auto streams = stream_names(*config);
  if (auto good = check(node, "stream", selection.stream, streams, {.stream = selection.stream}); !good) return good;
  // Mail may ask for a pool as well, and is selected by its name until a vMTA is chosen.
  std::vector<std::string> vmtas = vmta_names(*config);
  for (const config::Pool& pool : config->pools) vmtas.push_back(pool.name);
  if (auto good = check(node, "vMTA", vmta, vmtas, {.vmta = vmta}); !good) return good;
  if (provider.empty()) return {};
  return check(node, "provider", provider, provider_names(node), {.provider = provider});
}

Result<> check_names(Node& node, const api::Tuple& tuple) {
  api::Selection named;
  for (const auto& [key, name] : tuple) {
    if (key == "stream") named.stream = name;
    if (key == "vmta") named.vmta = name;
    // A site or a fixed route may stand in a provider's place, under its own name.
    if (key == "provider" && name.find(':') == std::string::npos) named.provider = name;
    if (key != "pool") continue;
    std::vector<std::string> pools;
    for (const config::Pool& pool : node.in_force().config->pools) pools.push_back(pool.name);
    if (std::find(pools.begin(), pools.end(), name) != pools.end()) continue;
    return fail(api::Errc::NotFound, not_configured("pool", name, pools));
  }
  return check_names(node, named);
}

}  // namespace penstock::app
