// SPDX-License-Identifier: Apache-2.0
// Admission: a message that has been received whole becomes one that can be stored: labels are read and removed, the
// stream is chosen, missing fields are added.
//
// Use:  auto admitted = admit(plan, submission, id, wall);   if (!admitted) reply with admitted.error()
//       spool.accept({.envelope = admitted->envelope, .body = admitted->body, …});
// Every way in (SMTP, pickup folder, later HTTP) goes through here.
// Pure: id and time come in.   Threads: any.   Cost: one copy of the message, some 3 µs for 10 KiB.
// Refusals are Replies, as an SMTP client reads them; the pickup folder prints the same words.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>
#include "base/buffer_pool.h"
#include "base/clock.h"
#include "bulk/rules.h"
#include "ingest/plan.h"
#include "model/envelope.h"
#include "model/ids.h"
#include "model/reply.h"
#include "users/user.h"

namespace penstock::ingest {

// A message as it came. Views live during the call.
struct Submission {
  model::Envelope envelope;         // sender, recipients, DSN wishes, body kind; labels empty
  std::string_view message;         // lines end in CRLF
  std::string_view listener;        // its name; "" for the pickup folder
  std::string_view host;            // our name towards this client
  std::string_view default_stream;  // of the listener or folder; ""
  std::string_view default_tenant;
  std::string_view client_name;       // EHLO
  std::string_view client_address;    // "192.0.2.1"; "" for the pickup folder
  std::string_view protocol;          // "ESMTP", … as in Received
  const users::User* user = nullptr;  // who signed in
  bool stranger = false;              // may send to our domains only: its labels are not read, and removed all the same
  BufferPool* buffers = nullptr;      // where the text to store comes from; nullptr: made for this message
};

struct Admitted {
  model::Envelope envelope;  // with id, labels, times and body_bytes
  std::shared_ptr<const std::string> body;
  bulk::Findings broken_rules;  // of a stream with bulk_rules
};

// The submission's envelope moves into the result; after a refusal it is still there, with id, times and body_bytes,
// and the labels unless these are what is wrong with it.
[[nodiscard]] tl::expected<Admitted, model::Reply> admit(const Plan& plan, Submission& submission, model::MessageId id,
                                                         Time wall);

}  // namespace penstock::ingest
