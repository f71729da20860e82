// SPDX-License-Identifier: Apache-2.0
// What can go wrong between an HTTP client and a server, apart from what the answer says: a 404 is an answer.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::http {

enum class Errc {
  BadUrl = 1,      // not a URL we can use; the detail says what was expected
  NoAnswer,        // nobody listens there, or the connection failed
  Timeout,         // the deadline passed; the request may or may not have been carried out
  BadMessage,      // what came is not HTTP/1.1
  HeaderTooLarge,  // the head is above its bound
  BodyTooLarge,    // the body is above its bound
  ConnectionLost,  // the peer closed before the message was whole
  NotTrusted,      // no TLS, or a certificate that is not good for the host; the detail says which
};
[[nodiscard]] std::string_view describe(Errc code);
// True where trying again later may help.
[[nodiscard]] bool is_transient(Errc code);
[[nodiscard]] std::error_code make_error_code(Errc code);

}  // namespace penstock::http

template <>
struct std::is_error_code_enum<penstock::http::Errc> : std::true_type {};
