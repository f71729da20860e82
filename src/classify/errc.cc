// SPDX-License-Identifier: Apache-2.0
#include "classify/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::classify {

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::BadRules: return "classification rules are wrong";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc) {
  return false;
}

std::error_code make_error_code(Errc code) {
  static const ErrcCategory<Errc> category("classify");
  return {static_cast<int>(code), category};
}

}  // namespace penstock::classify
