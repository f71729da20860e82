// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_state.h"

#include "base/check.h"

namespace penstock::shaping {

std::string_view to_string(State state) {
  switch (state) {
    case State::Normal: return "normal";
    case State::Slowed: return "slowed";
    case State::Backoff: return "backoff";
    case State::Suspended: return "suspended";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::shaping
