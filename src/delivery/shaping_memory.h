// SPDX-License-Identifier: Apache-2.0
// ShapingMemory: what a restart must not forget of limits: what was learned of each path, pins, actions. Plain values;
// times are those of the schedule's clock. Made by Dispatcher::memory(), given back by Dispatcher::restore().
#pragma once

#include <optional>
#include <vector>

#include "shaping/action_book.h"
#include "shaping/connection_trouble.h"
#include "shaping/message_cap.h"
#include "shaping/path_controller.h"
#include "shaping/path_key.h"

namespace penstock::delivery {

struct LearnedPath {
  shaping::PathKey key;
  shaping::LearnedState state;
  std::optional<shaping::Pin> pin{};
  std::optional<shaping::TroubleState> trouble{};  // of reaching the receiver
  shaping::MessageCap::Learned messages{};         // over one connection
  Time avoided_until{};                            // new recipients do not take it before
  // Than that it is avoided.
  [[nodiscard]] bool says_more() const {
    const bool learned = state.rate > 0 || state.connections > 0 || !state.rule.empty();
    return learned || state.suspended_until != Time{} || state.backoff_until != Time{} || pin || trouble ||
           !messages.empty();
  }
};

struct ShapingMemory {
  std::vector<LearnedPath> paths;
  std::vector<shaping::Action> actions;
};

}  // namespace penstock::delivery
