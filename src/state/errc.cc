// SPDX-License-Identifier: Apache-2.0
#include "state/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::state {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::Busy: return "in use";
    case Errc::Full: return "no space left";
    case Errc::Damaged: return "damaged";
    case Errc::Newer: return "written by a newer version";
    case Errc::Failed: return "failed";
    case Errc::Stopped: return "stopped";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc errc) {
  return errc == Errc::Busy || errc == Errc::Full;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("state");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::state
