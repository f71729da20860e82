// SPDX-License-Identifier: Apache-2.0
#include "app/learn_places.h"

#include <atomic>
#include <boost/unordered/unordered_flat_set.hpp>
#include <future>
#include <memory>
#include <vector>

#include "app/ask_shards.h"

namespace penstock::app {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};  // whether it is still wanted

using Domains = boost::unordered_flat_set<model::NameId, std::hash<model::NameId>>;

// By shard, each domain once: a shard asks for those it found first.
std::vector<std::vector<model::NameId>> unknown_domains(Node& node, const SelectionMatch& match,
                                                        const std::function<bool()>& wanted) {
  queue::Selection selection = match.selection();
  selection.provider.reset();
  selection.vmta.reset();
  selection.group.reset();
  Domains seen;
  std::vector<std::vector<model::NameId>> found(node.engine().count());
  std::vector<model::NameId> slice;
  scan_queues(
      node.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
        if (!at.place.group && seen.size() < kDomainsMax && selection.matches(recipient, node.labels(), at.place) &&
            seen.insert(recipient.domain).second) {
          slice.push_back(recipient.domain);
        }
        return queue::Visit::Keep;
      },
      [&](std::size_t shard) {
        found[shard].insert(found[shard].end(), slice.begin(), slice.end());
        slice.clear();
        return wanted();
      });
  return found;
}

}  // namespace

void learn_places(Node& node, const SelectionMatch& match, std::chrono::milliseconds limit,
                  const std::function<bool()>& wanted) {
  std::vector<std::vector<model::NameId>> unknown = unknown_domains(node, match, wanted);
  // Outlives this call: a shard may still wait for DNS when the time is over.
  struct Going {
    std::atomic<bool> on{true};
    std::promise<void> all;
    std::atomic<std::size_t> shards;
  };
  auto going = std::make_shared<Going>();
  going->shards = unknown.size();
  const auto one_is_done = [going] {
    if (--going->shards == 0) going->all.set_value();
  };
  std::future<void> all = going->all.get_future();
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    if (unknown[i].empty()) {
      one_is_done();
      continue;
    }
    ask_shard(node.engine(), i, [&](delivery::Dispatcher& dispatcher) {
      dispatcher.learn_places(
          std::move(unknown[i]), [going] { return going->on.load(); }, one_is_done);
    });
  }
  const auto end = std::chrono::steady_clock::now() + limit;
  while (wanted() && std::chrono::steady_clock::now() < end) {
    if (all.wait_for(kLookEvery) == std::future_status::ready) return;
  }
  going->on = false;
}

}  // namespace penstock::app
