// SPDX-License-Identifier: Apache-2.0
#include "api/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::api {

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::BadRequest: return "the request is not understood";
    case Errc::NotFound: return "there is no such thing";
    case Errc::MethodNotAllowed: return "not with this method";
    case Errc::Conflict: return "not in the state it is in";
    case Errc::Refused: return "understood and refused";
    case Errc::Unavailable: return "not now";
    case Errc::Internal: return "internal error";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc code) {
  return code == Errc::Unavailable;
}

std::string_view word_of(Errc code) {
  switch (code) {
    case Errc::BadRequest: return "bad_request";
    case Errc::NotFound: return "not_found";
    case Errc::MethodNotAllowed: return "method_not_allowed";
    case Errc::Conflict: return "conflict";
    case Errc::Refused: return "refused";
    case Errc::Unavailable: return "unavailable";
    case Errc::Internal: return "internal";
  }
  PENSTOCK_UNREACHABLE();
}

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::BadRequest: return 400;
    case Errc::NotFound: return 404;
    case Errc::MethodNotAllowed: return 405;
    case Errc::Conflict: return 409;
    case Errc::Refused: return 422;
    case Errc::Unavailable: return 503;
    case Errc::Internal: return 500;
  }
  PENSTOCK_UNREACHABLE();
}

std::error_code make_error_code(Errc code) {
  static const ErrcCategory<Errc> category("api");
  return {static_cast<int>(code), category};
}

}  // namespace penstock::api
