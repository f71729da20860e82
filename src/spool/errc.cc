// SPDX-License-Identifier: Apache-2.0
#include "spool/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::spool {

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::Full: return "full";
    case Errc::Unhealthy: return "unhealthy";
    case Errc::UnknownMessage: return "unknown message";
    case Errc::Damaged: return "damaged";
    case Errc::Locked: return "in use";
    case Errc::BadFormat: return "not a spool file of this version";
    case Errc::TooLarge: return "message too large";
    case Errc::Closed: return "closed";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc code) {
  switch (code) {
    case Errc::Full:
    case Errc::Unhealthy:
    case Errc::Locked:
    case Errc::Closed: return true;
    case Errc::UnknownMessage:
    case Errc::Damaged:
    case Errc::BadFormat:
    case Errc::TooLarge: return false;
  }
  PENSTOCK_UNREACHABLE();
}

std::error_code make_error_code(Errc code) {
  static const ErrcCategory<Errc> category("spool");
  return {static_cast<int>(code), category};
}

}  // namespace penstock::spool
