// SPDX-License-Identifier: Apache-2.0
#include "classify/rule_ids.h"

#include <mutex>
#include <set>
#include <string>

namespace penstock::classify {

std::string_view lasting_id(std::string_view id) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> ids;  // nodes stay where they are
  const std::lock_guard lock(mutex);
  const auto at = ids.find(id);
  return at != ids.end() ? *at : *ids.emplace(id).first;
}

}  // namespace penstock::classify
