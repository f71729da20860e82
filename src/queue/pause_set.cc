// SPDX-License-Identifier: Apache-2.0
#include "queue/pause_set.h"

#include <algorithm>

#include "base/check.h"
#include "queue/errc.h"

namespace penstock::queue {

Result<> PauseSet::add(Pause pause) {
  const auto same = [&](const Pause& other) { return other.id == pause.id; };
  PENSTOCK_CHECK(pause.id && std::none_of(pauses_.begin(), pauses_.end(), same));
  if (pauses_.size() >= kMax) return fail(Errc::TooMany, std::to_string(kMax));
  pauses_.push_back(std::move(pause));
  ++version_;
  return {};
}

bool PauseSet::remove(PauseId id) {
  const auto gone = std::erase_if(pauses_, [id](const Pause& pause) { return pause.id == id; });
  if (gone != 0) ++version_;
  return gone != 0;
}

std::vector<Pause> PauseSet::expire(Time now) {
  const auto lasts = [now](const Pause& pause) { return !pause.until || *pause.until > now; };
  const auto over = std::stable_partition(pauses_.begin(), pauses_.end(), lasts);
  std::vector<Pause> ended(std::make_move_iterator(over), std::make_move_iterator(pauses_.end()));
  pauses_.erase(over, pauses_.end());
  if (!ended.empty()) ++version_;
  return ended;
}

std::optional<Time> PauseSet::next_expiry() const {
  std::optional<Time> first;
  for (const Pause& pause : pauses_) {
    if (pause.until && (!first || *pause.until < *first)) first = pause.until;
  }
  return first;
}

const Pause* PauseSet::find(const QueuedRecipient& recipient, const LabelSetTable& labels, const Place& place) const {
  for (const Pause& pause : pauses_) {
    if (pause.selection.matches(recipient, labels, place)) return &pause;
  }
  return nullptr;
}

const Pause* PauseSet::find(const LabelSet& labels) const {
  for (const Pause& pause : pauses_) {
    if (pause.selection.only_labels() && pause.selection.matches_labels(labels)) return &pause;
  }
  return nullptr;
}

}  // namespace penstock::queue
