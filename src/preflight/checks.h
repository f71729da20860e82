// SPDX-License-Identifier: Apache-2.0
// The checks, one file each (check_NAME.cc). Each looks at one subject and says what it found; none fails.
//
// Threads: the world's shard. Parameters by value, as coroutines need them; the world outlives them. DNS trouble that
// may pass is a Warn, since it says nothing about the set-up.
#pragma once

#include <string>

#include "net/task.h"
#include "preflight/finding.h"
#include "preflight/subjects.h"
#include "preflight/world.h"

namespace penstock::preflight {

// This machine.
net::Task<Findings> check_clock(const World& world);
// Whether answers are validated, by asking for a zone that is known to be signed; DANE rests on it.
inline constexpr const char* kSignedZone = "org";
net::Task<Findings> check_dnssec(const World& world);

// Of an address of a vMTA.
net::Task<Findings> check_source(const World& world, Identity identity);
net::Task<Findings> check_ptr(const World& world, Identity identity);
net::Task<Findings> check_ehlo(const World& world, Identity identity);
// From the address to the MX of `domain`.
net::Task<Findings> check_reach(const World& world, Identity identity, std::string domain);
// An address or a domain in one list.
net::Task<Findings> check_blocklist(const World& world, std::string subject, std::string zone);

// Of a domain of From fields or signatures.
net::Task<Findings> check_dkim(const World& world, const config::Dkim& key);
net::Task<Findings> check_dmarc(const World& world, SenderDomain domain);  // and alignment

// Of a domain of envelope senders.
net::Task<Findings> check_spf(const World& world, EnvelopeDomain domain);
net::Task<Findings> check_mx(const World& world, std::string domain);  // and postmaster, abuse
net::Task<Findings> check_soa(const World& world, std::string domain);

// Of a marketing stream: what bulk-sender rules ask of its settings. Looks nothing up.
[[nodiscard]] Findings check_bulk(const config::Stream& stream);

// The account at a service: signs in to each of its hosts and says QUIT.
net::Task<Findings> check_relay(const World& world, Relay relay);

// A message as the stream's clients send it.
struct Sample {
  std::string name;     // its file
  std::string message;  // with CRLF
  std::string sender;   // of the envelope; "": as Return-Path says, if it does
};
// Held against the rules for bulk mail as the stream would, or, where its bulk_rules are off, as if they only warned.
// Looks nothing up.
[[nodiscard]] Findings check_message(const config::Config& config, config::Stream stream, const Sample& sample,
                                     Time now);

// Of a listener with TLS.
net::Task<Findings> check_tls(const World& world, const config::Listener& listener);

// The address the system would send from; none when it has none. No packet leaves.
[[nodiscard]] std::optional<IpAddress> chosen_source();
// Of a network that is not routed on the internet (RFC 1918, RFC 6598, RFC 4193, link-local).
[[nodiscard]] bool is_private(const IpAddress& address);

}  // namespace penstock::preflight
