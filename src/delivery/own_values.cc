// SPDX-License-Identifier: Apache-2.0
#include "delivery/own_values.h"

#include <algorithm>

namespace penstock::delivery {

TimeoutsPtr with(const TimeoutsPtr& wide, const config::OwnTimeouts& own, const Timeouts& usual) {
  if (own == config::OwnTimeouts{}) return wide;
  auto made = std::make_shared<Timeouts>(wide ? *wide : usual);
  made->connect = own.connect.value_or(made->connect);
  made->banner = own.banner.value_or(made->banner);
  made->ehlo = own.ehlo.value_or(made->ehlo);
  made->mail = own.mail.value_or(made->mail);
  made->rcpt = own.rcpt.value_or(made->rcpt);
  made->data = own.data.value_or(made->data);
  made->data_block = own.data_block.value_or(made->data_block);
  made->end_of_data = own.end_of_data.value_or(made->end_of_data);
  made->rset = own.rset.value_or(made->rset);
  made->quit = own.quit.value_or(made->quit);
  made->idle = own.idle.value_or(made->idle);
  return made;
}

shaping::AdaptivePolicyPtr with(const shaping::AdaptivePolicyPtr& wide, const config::Backoff& own) {
  if (own == config::Backoff{}) return wide;
  auto made = wide ? std::make_shared<shaping::AdaptivePolicy>(*wide) : std::make_shared<shaping::AdaptivePolicy>();
  if (own.share) {
    made->backoff_share = *own.share;
    made->backoff_connections = 0;
    made->backoff_rate = 0;
  }
  if (own.connections != 0) made->backoff_connections = own.connections;
  if (own.rate.count > 0) made->backoff_rate = own.rate.per_second();
  made->reputation_share = own.doubts.value_or(made->reputation_share);
  made->backoff_first = own.first.value_or(made->backoff_first);
  made->backoff_longest = own.longest.value_or(made->backoff_longest);
  // Who lengthens the first, or shortens the longest, means both.
  if (own.longest && !own.first) made->backoff_first = std::min(made->backoff_first, made->backoff_longest);
  made->backoff_longest = std::max(made->backoff_first, made->backoff_longest);
  return made;
}

}  // namespace penstock::delivery
