// SPDX-License-Identifier: Apache-2.0
#include "model/envelope.h"

#include "base/ascii.h"

namespace penstock::model {

std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : ascii::lower(address.substr(at + 1));
}

std::string_view local_part_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? address : address.substr(0, at);
}

}  // namespace penstock::model
