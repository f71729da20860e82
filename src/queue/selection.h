// SPDX-License-Identifier: Apache-2.0
// Selection: which recipients an operator's command touches (pause, hold, release, retry, bounce, reroute).
//
// Every field that is given must match; a field not given matches all. An empty Selection matches everything, and it is
// for the API to ask twice before it uses one.
// Threads: plain value; make() interns the names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/ids.h"
#include "model/name_table.h"
#include "queue/label_set.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

// Where a recipient would go, as far as its queue knows: a ready queue knows all three; for a deferred recipient the
// provider is what its domain resolved to last. 0: not known, and a Selection that asks for it does not match.
struct Place {
  model::NameId provider{};  // "gmail"
  model::NameId vmta{};      // 0: not chosen yet; then the pinned or the requested vMTA counts
  model::NameId group{};     // the path's group: "provider:gmail" or "site:…"
};

// A Selection as people write it; empty strings are not given. Case does not matter in a domain.
struct SelectionText {
  std::string stream{}, tenant{}, campaign{}, domain{}, provider{}, vmta{};
  std::string path{};       // a path's group
  std::string message{};    // format_id of a message
  std::string recipient{};  // format_id of a recipient
};

struct Selection {
  std::optional<model::NameId> stream{}, tenant{}, campaign{}, domain{}, provider{}, vmta{}, group{};
  std::optional<model::MessageId> message{};
  std::optional<std::uint32_t> index{};  // with `message`: one recipient of it

  // Errors: Errc::BadSelection, when `message` or `recipient` is not an id; the detail says which.
  [[nodiscard]] static Result<Selection> make(const SelectionText& text, model::NameTable& names);

  [[nodiscard]] bool matches(const QueuedRecipient& recipient, const LabelSetTable& labels, const Place& place) const;
  // Whether it can be decided by stream, tenant and campaign alone, and the decision.
  [[nodiscard]] bool only_labels() const;
  [[nodiscard]] bool matches_labels(const LabelSet& labels) const;
  // Whether a Place is needed to decide. If not, a scan need not look up domains.
  [[nodiscard]] bool needs_place() const { return provider || vmta || group; }
  [[nodiscard]] bool matches_all() const { return *this == Selection{}; }
  // "stream=marketing domain=slow.example", "everything"
  [[nodiscard]] std::string to_string(const model::NameTable& names) const;
  bool operator==(const Selection&) const = default;
};

}  // namespace penstock::queue
