// SPDX-License-Identifier: Apache-2.0
#include "dmarc/domain.h"

#include <libpsl.h>

#include "base/ascii.h"

namespace penstock::dmarc {

std::string organizational_domain(std::string_view name) {
  const std::string lower = ascii::lower(name);
  const char* found = psl_registrable_domain(psl_builtin(), lower.c_str());
  return found != nullptr ? std::string(found) : lower;
}

bool is_aligned(std::string_view authenticated, std::string_view from, Alignment mode) {
  if (authenticated.empty() || from.empty()) return false;
  if (ascii::equal_ignoring_case(authenticated, from)) return true;
  return mode == Alignment::Relaxed && organizational_domain(authenticated) == organizational_domain(from);
}

}  // namespace penstock::dmarc
