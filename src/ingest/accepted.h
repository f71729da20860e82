// SPDX-License-Identifier: Apache-2.0
// What is said of a message once it is durable, or refused after it was received whole, whatever way it came in:
// figures, and an Accepted or Rejected event for each recipient.   Threads: any.
#pragma once

#include "ingest/probe.h"
#include "model/envelope.h"
#include "model/event.h"

namespace penstock::ingest {

// `event` knows the way in: protocol, time, peers, detail. The rest is filled in from the envelope.
void record_accepted(Probe& probe, model::EventSink& events, const model::Envelope& envelope, model::Event event);
// The message was refused at its end. Labels, id and size are told as far as admission came.
void record_rejected(Probe& probe, model::EventSink& events, const model::Envelope& envelope, const model::Reply& reply,
                     model::Event event);

// What bulk_rules found of a message that was taken: figures, and a BulkRules event when something stays wrong.
void record_bulk_findings(Probe& probe, model::EventSink& events, const model::Envelope& envelope,
                          const bulk::Findings& findings, model::Event event);

}  // namespace penstock::ingest
