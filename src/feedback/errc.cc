// SPDX-License-Identifier: Apache-2.0
#include "feedback/errc.h"

#include "base/check.h"

namespace penstock::feedback {

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::BadKeyFile: return "bad file of reference keys";
    case Errc::InboxFull: return "no room for more reports";
  }
  PENSTOCK_UNREACHABLE();
}

std::error_code make_error_code(Errc code) {
  static const ErrcCategory<Errc> category("feedback");
  return {static_cast<int>(code), category};
}

}  // namespace penstock::feedback
