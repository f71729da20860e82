// SPDX-License-Identifier: Apache-2.0
#include "suppression/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::suppression {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadAddress: return "no address";
    case Errc::BadScope: return "no scope";
    case Errc::BadLine: return "bad line";
    case Errc::BadFile: return "unreadable file";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc) {
  return false;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("suppression");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::suppression
