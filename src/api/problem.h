// SPDX-License-Identifier: Apache-2.0
// Problem: why a request is not answered with what it asked for, in the words the operator reads.
//
// On the wire: {"error": {"code": "not_found", "message": "there is no job 7", "hint": "penstock jobs lists them"}}
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "api/errc.h"
#include "base/result.h"

namespace penstock::api {

struct Problem {
  Errc code = Errc::Internal;
  std::string message;  // one sentence
  std::string hint;     // what to do about it; may be empty
};

// What Operations returned as a Problem; an error that is not of api::Errc is internal.
[[nodiscard]] Problem to_problem(const Error& error);

template <class T = void>
using Asked = tl::expected<T, Problem>;

[[nodiscard]] inline tl::unexpected<Problem> refuse(Errc code, std::string message, std::string hint = {}) {
  return tl::unexpected<Problem>(Problem{code, std::move(message), std::move(hint)});
}
[[nodiscard]] inline tl::unexpected<Problem> refuse(const Error& error) {
  return tl::unexpected<Problem>(to_problem(error));
}

}  // namespace penstock::api
