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

void record_of(const model::Envelope& envelope, std::uint32_t index, std::string_view domain, model::Event& event,
               model::EventSink& events) {
  const model::Recipient& recipient = envelope.recipients[index];
  event.recipient_index = index;
  event.recipient = recipient.address;
  event.original_recipient = recipient.original;
  event.domain = domain;
  events.record(event);
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
    const std::string_view address = envelope.recipients[i].address;
    record_of(envelope, i, address.substr(address.rfind('@') + 1), event, events);
  }
}

void record_rejected(Probe& probe, model::EventSink& events, const model::Envelope& envelope, const model::Reply& reply,
                     model::Event event) {
  event.type = model::EventType::Rejected;
  describe(envelope, event);
  event.has_recipient = true;
  event.reply = reply;
  event.outcome_class = model::class_by_code(reply, model::Step::EndOfData);
  for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    probe.rejected.add();
    const std::string domain = model::domain_of(envelope.recipients[i].address);
    record_of(envelope, i, domain, event, events);
  }
}

void record_bulk_findings(Probe& probe, model::EventSink& events, const model::Envelope& envelope,
                          const bulk::Findings& findings, model::Event event) {
  for (const bulk::Rule rule : findings.fixed) probe.bulk_fixes[static_cast<std::size_t>(rule)]->add();
  if (findings.faults.empty()) return;
  for (const bulk::Fault& fault : findings.faults) probe.bulk_faults[static_cast<std::size_t>(fault.rule)]->add();
  event.type = model::EventType::BulkRules;
  describe(envelope, event);
  const std::string sentence = findings.sentence();
  event.detail = sentence;
  events.record(event);
}

}  // namespace penstock::ingest
