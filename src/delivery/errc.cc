// SPDX-License-Identifier: Apache-2.0
#include "delivery/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::delivery {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadKey: return "unusable key";
    case Errc::BadPassword: return "unusable password file";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc) {
  return false;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("delivery");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::delivery
