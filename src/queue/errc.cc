// SPDX-License-Identifier: Apache-2.0
#include "queue/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::queue {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadSelection: return "not the id of a message or recipient";
    case Errc::BadWindow: return "delivery window not understood";
    case Errc::UnknownZone: return "unknown time zone";
    case Errc::BadZone: return "time zone file damaged or of an unknown format";
    case Errc::TooMany: return "too many pauses";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc) {
  return false;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("queue");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::queue
