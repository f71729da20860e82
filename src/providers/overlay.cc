// SPDX-License-Identifier: Apache-2.0
#include "providers/overlay.h"

#include <algorithm>

namespace penstock::providers {

config::OwnTimeouts overlay(const config::OwnTimeouts& narrow, const config::OwnTimeouts& wide) {
  using Own = config::OwnTimeouts;
  config::OwnTimeouts all = narrow;
  for (const auto member : {&Own::connect, &Own::banner, &Own::ehlo, &Own::mail, &Own::rcpt, &Own::data,
                            &Own::data_block, &Own::end_of_data, &Own::rset, &Own::quit, &Own::idle}) {
    if (!(all.*member)) all.*member = wide.*member;
  }
  return all;
}

config::Backoff overlay(const config::Backoff& narrow, const config::Backoff& wide) {
  config::Backoff all = narrow;
  if (!narrow.share) {
    all.share = wide.share;
    if (narrow.connections == 0) all.connections = wide.connections;
    if (narrow.rate.count <= 0) all.rate = wide.rate;
  }
  if (!all.doubts) all.doubts = wide.doubts;
  if (!all.first) all.first = wide.first;
  if (!all.longest) all.longest = wide.longest;
  if (!all.first || !all.longest) return all;
  if (narrow.longest && !narrow.first) all.first = std::min(*all.first, *all.longest);
  all.longest = std::max(*all.first, *all.longest);
  return all;
}

}  // namespace penstock::providers
