// SPDX-License-Identifier: Apache-2.0
// ShapingMemory: what a restart must not forget of limits: what was learned of each path, pins, actions. Plain values;
// times are those of the schedule's clock. Made by Dispatcher::memory(), given back by Dispatcher::restore().
#pragma once

#include <optional>
#include <vector>

#include "shaping/action_book.h"
#include "shaping/path_controller.h"
#include "shaping/path_key.h"

namespace penstock::delivery {

struct LearnedPath {
  shaping::PathKey key;
  shaping::LearnedState state;
  std::optional<shaping::Pin> pin{};
};

struct ShapingMemory {
  std::vector<LearnedPath> paths;
  std::vector<shaping::Action> actions;
};

}  // namespace penstock::delivery
