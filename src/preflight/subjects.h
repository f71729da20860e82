// SPDX-License-Identifier: Apache-2.0
// Subjects: what there is to check, read off the configuration.
//
// Which domains send is not a setting of its own. Those of From fields are taken from the streams' match.sender
// ("@example.com") and from the keys they sign with; that of the envelope from return_path, else the same domains.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/config.h"

namespace penstock::preflight {

// One address of a vMTA. Both families: two of them.
struct Identity {
  std::string vmta;
  std::string ehlo;
  std::optional<IpAddress> source;  // none: the vMTA has none, and the system has no route to choose one by
  bool chosen = false;              // by the system, since the vMTA has none
  [[nodiscard]] std::string address() const { return source ? source->to_string() : std::string(); }
};

// Mail from one domain by one stream, for alignment.
struct Pairing {
  std::string stream;
  std::vector<std::string> signers;   // domains that sign it
  std::vector<std::string> envelope;  // domains of its envelope sender
  bool operator==(const Pairing&) const = default;
};

// A domain of From fields, or one that only signs.
struct SenderDomain {
  std::string name;
  std::vector<const config::Dkim*> keys;  // of the domain and these streams, in force now or later
  std::vector<Pairing> pairings;          // empty: it is in no From field
};

// A domain of envelope senders.
struct EnvelopeDomain {
  std::string name;
  std::vector<Identity> identities;  // that send with it
};

// A service that mail is relayed to and that we sign in to.
struct Relay {
  const config::Route* route;
  std::string used_by;  // "stream default"
};

struct Subjects {
  std::vector<Identity> identities;  // each once, in the configuration's order
  std::vector<SenderDomain> senders;
  std::vector<EnvelopeDomain> envelopes;
  std::vector<const config::Stream*> marketing;    // streams of marketing mail
  std::vector<const config::Listener*> listeners;  // those with TLS
  std::vector<Relay> relays;                       // each account once
};

// `stream`: only what this stream uses; "": everything that goes out by MX, and each account at a service. `chosen`:
// the address the system sends from where a vMTA has none. `config` must outlive the result.
[[nodiscard]] Subjects find_subjects(const config::Config& config, std::string_view stream, Time now,
                                     std::optional<IpAddress> chosen = std::nullopt);

}  // namespace penstock::preflight
