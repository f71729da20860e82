// SPDX-License-Identifier: Apache-2.0
#include "eventlog/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::eventlog {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::Locked: return "in use by another process";
    case Errc::BadOption: return "unusable option";
    case Errc::Damaged: return "damaged file";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc errc) {
  return errc == Errc::Locked;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("eventlog");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::eventlog
