// SPDX-License-Identifier: Apache-2.0
#include "sim/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::sim {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadScenario: return "bad scenario";
    case Errc::BadArgument: return "bad argument";
    case Errc::NoControl: return "no answer on the control socket";
    case Errc::Timeout: return "timed out";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc errc) {
  switch (errc) {
    case Errc::BadScenario:
    case Errc::BadArgument: return false;
    case Errc::NoControl:
    case Errc::Timeout: return true;
  }
  PENSTOCK_UNREACHABLE();
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("sim");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::sim
