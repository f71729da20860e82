// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <boost/beast/http/status.hpp>

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::http {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::Get: return "GET";
    case Method::Head: return "HEAD";
    case Method::Post: return "POST";
    case Method::Put: return "PUT";
    case Method::Delete: return "DELETE";
    case Method::Other: return "OTHER";
  }
  PENSTOCK_UNREACHABLE();
}

void Fields::add(std::string name, std::string value) {
  PENSTOCK_CHECK(name.find_first_of("\r\n:") == std::string::npos);
  PENSTOCK_CHECK(value.find_first_of("\r\n") == std::string::npos);
  fields_.emplace_back(std::move(name), std::move(value));
}

std::string_view Fields::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (ascii::equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string_view reason_of(unsigned status) {
  const auto known = boost::beast::http::int_to_status(status);
  if (known == boost::beast::http::status::unknown) return "Unknown";
  const auto reason = boost::beast::http::obsolete_reason(known);
  return {reason.data(), reason.size()};
}

}  // namespace penstock::http
