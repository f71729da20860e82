// SPDX-License-Identifier: Apache-2.0
#include "ingest/accepted.h"

namespace penstock::ingest {

namespace {

void describe(const model::Envelope& envelope, model::Event& event) {
  event.message = envelope.id;
  event.stream = envelope.labels.stream;
  event.tenant = envelope.labels.tenant;
  event.campaign = envelope.labels.campaign;
  event.list = envelope.labels.list;
  event.vmta = envelope.labels.vmta;
  event.sender = envelope.sender;
  event.envelope_id = envelope.envelope_id;
  event.bytes = envelope.body_bytes;
}

}  // namespace

void record_accepted(Probe& probe, model::EventSink& events, const model::Envelope& envelope, model::Event event) {
  probe.messages.add();
  probe.recipients.add(envelope.recipients.size());
  probe.bytes.add(envelope.body_bytes);
  event.type = model::EventType::Accepted;
  describe(envelope, event);
  event.has_recipient = true;
  for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    const model::Recipient& recipient = envelope.recipients[i];
    event.recipient_index = i;
    event.recipient = recipient.address;
    event.original_recipient = recipient.original;
    event.domain = std::string_view(recipient.address).substr(recipient.address.rfind('@') + 1);
    events.record(event);
  }
}

void record_bulk_findings(Probe& probe, model::EventSink& events, const model::Envelope& envelope,
                          const BulkFindings& findings, model::Event event) {
  for (const BulkRule rule : findings.fixed) probe.bulk_fixes[static_cast<std::size_t>(rule)]->add();
  if (findings.faults.empty()) return;
  for (const BulkFault& fault : findings.faults) probe.bulk_faults[static_cast<std::size_t>(fault.rule)]->add();
  event.type = model::EventType::BulkRules;
  describe(envelope, event);
  const std::string sentence = findings.sentence();
  event.detail = sentence;
  events.record(event);
}

}  // namespace penstock::ingest
