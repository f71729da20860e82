// SPDX-License-Identifier: Apache-2.0
// PauseSet: what operators have paused, and the check that every take from a ready queue makes.
//
// A pause is a Selection with a reason, since and until. While the set is empty a check is one comparison. Pauses by
// stream, tenant and campaign are applied to whole flows by FairQueue; those by domain, provider, vMTA or path to
// single recipients by whoever takes them (find). Threads: one owner; a shard has its own copy.   Limits: kMax pauses;
// add() refuses more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "queue/selection.h"

namespace penstock::queue {

using PauseId = StrongId<struct PauseTag, std::uint64_t>;

struct Pause {
  PauseId id{};
  Selection selection{};
  std::string reason{};  // an operator's words
  std::string by{};      // who paused, as the audit names him
  Time since{};
  std::optional<Time> until{};  // none: until somebody resumes
};

class PauseSet {
 public:
  static constexpr std::size_t kMax = 10'000;

  // The id must be new and not 0. Errc::TooMany when the set is full.
  Result<> add(Pause pause);
  // False if there is none with this id.
  bool remove(PauseId id);
  // Drops pauses whose time is over and returns them, so that what they held can be released.
  std::vector<Pause> expire(Time now);
  // When the next pause ends by itself.
  [[nodiscard]] std::optional<Time> next_expiry() const;

  [[nodiscard]] bool empty() const { return pauses_.empty(); }
  // The first pause that covers the recipient, or nullptr. `place`: where it would go, as far as known.
  [[nodiscard]] const Pause* find(const QueuedRecipient& recipient, const LabelSetTable& labels,
                                  const Place& place) const;
  // The first pause that covers every recipient with these labels, whatever its domain and path.
  [[nodiscard]] const Pause* find(const LabelSet& labels) const;
  [[nodiscard]] const std::vector<Pause>& all() const { return pauses_; }
  // Changes whenever the set does. FairQueue looks at its flows again when it sees another number.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  std::vector<Pause> pauses_;
  std::uint64_t version_ = 0;
};

}  // namespace penstock::queue
