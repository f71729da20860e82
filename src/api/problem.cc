// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

namespace penstock::api {

Problem to_problem(const Error& error) {
  if (error.code.category() != make_error_code(Errc::Internal).category()) {
    return {Errc::Internal, error.to_string(), "the daemon's log may say more"};
  }
  const auto code = static_cast<Errc>(error.code.value());
  return {code, error.detail.empty() ? std::string(describe(code)) : error.detail, ""};
}

}  // namespace penstock::api
