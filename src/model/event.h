// SPDX-License-Identifier: Apache-2.0
// Event: one thing that happened, as the event log keeps it. docs/events.md describes every field.
//
// Made where it happened, on any shard; handed to EventSink, which formats it at once and keeps no reference.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/ids.h"
#include "model/outcome.h"

namespace penstock::model {

enum class EventType : std::uint8_t {
  Accepted,    // a message is durable with us; one event per recipient
  Rejected,    // a recipient or message was refused at the door
  Delivered,   // a receiver took responsibility
  Deferred,    // an attempt failed for now
  Bounced,     // failed for good
  Expired,     // given up after the stream's expiry
  Suppressed,  // not sent because the address is suppressed
  Held,
  Released,
  BounceReport,  // a report mailed later says that delivery failed
  Complaint,     // a report says that someone complained
  Unsubscribed,  // a recipient followed his link and wants no more
  Admin,         // a person or program changed something through the API
  Action,        // replies made a rule slow, suspend or stop a sender domain, a campaign, …; or that has ended
  Config,        // a configuration was loaded or refused
  BulkRules,     // a message breaks its stream's rules for bulk mail and was taken all the same
  Warmup,        // a warm-up's daily allowance was raised, cut or ended
};
[[nodiscard]] std::string_view to_string(EventType type);
// Those of all types, in their order.
[[nodiscard]] std::span<const std::string_view> event_type_names();

// All views must stay valid during EventSink::record only. Fields that do not apply stay empty or zero.
struct Event {
  EventType type = EventType::Accepted;
  Time time;  // wall
  MessageId message;
  std::uint32_t recipient_index = 0;
  bool has_recipient = false;
  std::string_view stream, tenant, campaign, list;
  std::string_view sender;
  std::string_view recipient;
  std::string_view original_recipient;  // ORCPT
  std::string_view envelope_id;         // ENVID
  std::string_view domain;              // recipient's
  std::string_view provider, site;
  std::string_view vmta, pool;
  std::string_view source_address;  // ours: where the attempt left from, or the listener it came in on
  std::string_view peer_address;    // theirs
  std::string_view peer_host;       // the MX host's name, or the client's EHLO name
  std::string_view route;           // "mx", "relay", "lmtp", "null"
  std::string_view protocol;        // "smtp", "pickup", "http": how the message came in
  std::string_view user;            // who signed in to give us the message
  std::string_view client;          // who gave us the message: Envelope::peer
  std::string_view extensions;      // EHLO keywords the receiver offered: "PIPELINING,SIZE,8BITMIME"
  Step step = Step::Connect;
  bool has_step = false;
  Reply reply;
  OutcomeClass outcome_class = OutcomeClass::None;
  std::string_view rule;  // that decided the class
  Scope scope = Scope::None;
  std::string_view blocklist;  // whose name the reply tells
  std::uint32_t attempt = 0;   // counts from 1
  std::uint64_t bytes = 0;     // size of the message
  Duration queued{0};          // since acceptance
  Duration took{0};            // the attempt itself
  Time next_attempt;           // wall; Deferred only
  std::string_view tls_protocol, tls_cipher;
  std::string_view tls_verified;  // "yes", or why the certificate is no proof of the host
  std::string_view tls_policy;    // the level or what was published, as docs/events.md lists: "verify", "dane", …
  std::uint64_t connection = 0;   // numbers connections of a process
  std::string_view dkim_domain;   // that signed the message; of a report: the original
  std::string_view report;        // names one recipient of one report: the same when it is dealt with again
  std::string_view detail;        // free words: what an operator did, why something is held
};

// Where events go. record() never blocks on a reader and never fails; threads: any.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void record(const Event& event) = 0;
};

}  // namespace penstock::model
