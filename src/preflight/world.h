// SPDX-License-Identifier: Apache-2.0
// World: what checks may use; and the two things most of them do: ask DNS, and speak SMTP for a moment.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "dns/configured.h"
#include "dns/resolver.h"
#include "model/reply.h"
#include "net/stream.h"

namespace penstock::preflight {

// Everything in it outlives the checks.   Threads: the shard's.
struct World {
  const config::Config& config;
  dns::Resolver& resolver;
  net::Shard& shard;
  const Clock& clock;
  std::string system_anchor = dns::kSystemAnchor;
};

// Trouble of the resolver itself is a ServFail as well. A name that is none: NxDomain.
net::Task<dns::Answer> ask(const World& world, dns::RecordType type, std::string name);
// A and AAAA. Temporary trouble of either: its status when the other has no address.
net::Task<dns::Answer> ask_addresses(const World& world, std::string name);
// Values of a record type, for messages and comparisons.
[[nodiscard]] std::vector<std::string> values(const dns::Answer& answer);
// "DNS could not tell: server failure: REFUSED"
[[nodiscard]] std::string trouble_of(const dns::Answer& answer);
// "a, b and 3 more"
[[nodiscard]] std::string list_words(const std::vector<std::string>& words, std::size_t most = 4);

// What was said in a short conversation.
struct Talk {
  std::string trouble;                // why it broke off: "no connection: timed out"; "" when it did not
  std::vector<model::Reply> replies;  // the banner, then one for each command; those that came
};
// Connects, reads the banner, gives each command once the last was answered, and says QUIT. Every wait ends after
// preflight.timeout. A refusal (4xx, 5xx) of banner or EHLO ends it early.
net::Task<Talk> talk(const World& world, net::Endpoint remote, std::string source, std::vector<std::string> commands);

}  // namespace penstock::preflight
