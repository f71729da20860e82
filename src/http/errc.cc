// SPDX-License-Identifier: Apache-2.0
#include "http/errc.h"

#include "base/check.h"
#include "base/result.h"

namespace penstock::http {

std::string_view describe(Errc code) {
  switch (code) {
    case Errc::BadUrl: return "not a usable URL";
    case Errc::NoAnswer: return "no answer";
    case Errc::Timeout: return "timed out";
    case Errc::BadMessage: return "not an HTTP/1.1 message";
    case Errc::HeaderTooLarge: return "the head is too large";
    case Errc::BodyTooLarge: return "the body is too large";
    case Errc::ConnectionLost: return "the connection was lost";
    case Errc::NotTrusted: return "the server is not trusted";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_transient(Errc code) {
  switch (code) {
    case Errc::NoAnswer:
    case Errc::Timeout:
    case Errc::ConnectionLost: return true;
    case Errc::BadUrl:
    case Errc::BadMessage:
    case Errc::HeaderTooLarge:
    case Errc::BodyTooLarge:
    case Errc::NotTrusted: return false;
  }
  PENSTOCK_UNREACHABLE();
}

std::error_code make_error_code(Errc code) {
  static const ErrcCategory<Errc> category("http");
  return {static_cast<int>(code), category};
}

}  // namespace penstock::http
