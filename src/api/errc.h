// SPDX-License-Identifier: Apache-2.0
// Why the admin API does not do what was asked. Each code has one HTTP status and one word in the error object
// ({"error": {"code": "not_found", "message": …, "hint": …}}); Operations return these codes too.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::api {

enum class Errc {
  BadRequest = 1,    // 400 bad_request: the detail says which field and what was expected
  NotFound,          // 404 not_found: no such route, message, job, stream …
  MethodNotAllowed,  // 405 method_not_allowed: the path exists, not with this method
  Conflict,          // 409 conflict: not in the state the thing is in, such as cancelling a job that is done
  Refused,           // 422 refused: understood and not allowed, such as a configuration with errors
  Unavailable,       // 503 unavailable: not now; starting, stopping, or a part is unhealthy
  Internal           // 500 internal: our fault; the daemon's log has more
};
[[nodiscard]] std::string_view describe(Errc code);
[[nodiscard]] bool is_transient(Errc code);
[[nodiscard]] std::error_code make_error_code(Errc code);
// "not_found"
[[nodiscard]] std::string_view word_of(Errc code);
// 404
[[nodiscard]] unsigned status_of(Errc code);

}  // namespace penstock::api

template <>
struct std::is_error_code_enum<penstock::api::Errc> : std::true_type {};
