// SPDX-License-Identifier: Apache-2.0
#include "users/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::users {

std::string_view describe(Errc errc) {
  switch (errc) {
    case Errc::BadUser: return "no such user can be";
    case Errc::Exists: return "user exists";
    case Errc::Unknown: return "no such user";
    case Errc::TooMany: return "too many users";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc) {
  return false;
}

std::error_code make_error_code(Errc errc) {
  static const ErrcCategory<Errc> category("users");
  return {static_cast<int>(errc), category};
}

}  // namespace penstock::users
