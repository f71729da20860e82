// SPDX-License-Identifier: Apache-2.0
#include "dns/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::dns {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadName: return "not a domain name";
    case Errc::Full: return "too many look-ups are waiting";
    case Errc::Stopped: return "stopped";
    case Errc::BadOption: return "unusable option";
    case Errc::Library: return "libunbound failed";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc errc) {
  return errc == Errc::Full || errc == Errc::Stopped || errc == Errc::Library;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("dns");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::dns
