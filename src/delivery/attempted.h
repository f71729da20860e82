// SPDX-License-Identifier: Apache-2.0
// Batch: recipients of one message that are attempted together. Attempted: the facts of an attempt, for its record.
// Plain values; the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "delivery/destination.h"
#include "model/envelope.h"
#include "queue/queued_recipient.h"

namespace penstock::delivery {

struct Batch {
  std::vector<queue::QueuedRecipient> recipients;  // of one message, stream and domain; at least one
  std::shared_ptr<const model::Envelope> envelope;
  std::shared_ptr<const std::string> body;  // may be null where no body is needed
};

// Fields that do not apply stay empty. Views must stay valid while the attempt is being recorded.
struct Attempted {
  DestinationPtr destination;  // null: none was found
  bool looked_up = false;      // a look-up found none, which was an attempt as well
  model::NameId vmta{};        // 0: none was chosen
  std::string_view source_address, peer_address, peer_host;
  std::string_view extensions;  // that the receiver offered
  std::string_view tls_protocol, tls_cipher, tls_verified;
  std::string_view tls_policy;   // what asked for it; empty: the destination's level
  std::string_view dkim_domain;  // whose key signed; empty: nobody's, or the attempt ended before the body
  std::uint64_t connection = 0;
  Duration took{0};
  bool asked = false;       // the receiver was to hear of the recipients: MAIL was sent
  bool passes_dsn = false;  // the receiver was told the DSN wishes
};

}  // namespace penstock::delivery
