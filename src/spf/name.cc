// SPDX-License-Identifier: Apache-2.0
#include "spf/name.h"

#include "base/ascii.h"

namespace penstock::spf {

std::string canonical(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return ascii::lower(name);
}

bool can_be_asked(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::size_t label = dot == std::string_view::npos ? name.size() : dot;
    if (label == 0 || label > 63) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_checkable(std::string_view name) {
  return can_be_asked(name) && name.find('.') != std::string_view::npos;
}

bool is_within(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

}  // namespace penstock::spf
