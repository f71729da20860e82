// SPDX-License-Identifier: Apache-2.0
// Result<T>: what a function returns when it may fail in an expected way.
//
// Use:  Result<int> n = parse_port(text);  if (!n) return fail(n.error());  use(*n);
//
// An Error is a code (one of a module's Errc) plus a detail for the log. The detail may hold private facts (paths,
// addresses); what a peer is told is decided where the peer is known. Outcomes of a delivery are values, not errors.
//
// A module defines its codes once:
//   enum class Errc { Full = 1, … };                              // a line of meaning on each
//   std::string_view describe(Errc);  bool is_transient(Errc);    // found by argument-dependent look-up
//   template <> struct std::is_error_code_enum<penstock::spool::Errc> : std::true_type {};
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace penstock {

struct Error {
  std::error_code code;
  std::string detail;

  // "spool: full: 12 MiB free, 100 MiB wanted"
  [[nodiscard]] std::string to_string() const {
    std::string text = std::string(code.category().name()) + ": " + code.message();
    return detail.empty() ? text : text + ": " + detail;
  }
  friend bool operator==(const Error& error, const std::error_code& other) { return error.code == other; }
};

template <class T = void>
using Result = tl::expected<T, Error>;

// Makes the failed Result: `return fail(Errc::Full, "12 MiB free");`
[[nodiscard]] inline tl::unexpected<Error> fail(std::error_code code, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
// The operating system's errno as an Error.
[[nodiscard]] inline tl::unexpected<Error> fail_errno(int number, std::string detail = {}) {
  return fail(std::error_code(number, std::system_category()), std::move(detail));
}

// Category for a module's Errc; `name` is the module's. Errc needs describe(Errc).
template <class Errc>
class ErrcCategory final : public std::error_category {
 public:
  explicit constexpr ErrcCategory(const char* name) : name_(name) {}
  [[nodiscard]] const char* name() const noexcept override { return name_; }
  [[nodiscard]] std::string message(int value) const override {
    return std::string(describe(static_cast<Errc>(value)));
  }

 private:
  const char* name_;
};

}  // namespace penstock
