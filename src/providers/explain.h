// SPDX-License-Identifier: Apache-2.0
// explain: every effective value of a path and where it comes from. Pure; nothing of `config` or `catalog` is kept.
//
// Layers, the widest first; a later one that says something counts: what is built in for unknown sites, [defaults], the
// provider file, [[provider]], [[path]], [[domain]], [[path]] that names a domain, [[path]] that names a stream, one
// that names both, and what the stream says. The limits of a stream's own path lie within those of the path around it,
// so where those are tighter they are what is told.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "providers/catalog.h"

namespace penstock::providers {

struct Explained {
  std::string key;        // "connections"; "postmaster" and "feedback_loop" are links
  std::string value;      // as written in a file; "" : no limit
  std::string origin;     // "provider file gmail.toml", "[[provider]] gmail", "[[domain]] *.example", "[defaults]", …
  std::string reference;  // of a provider file's value
  std::string standing;
  std::string note;
};

struct Question {
  std::string provider{};                  // "": an unknown site
  const config::Domain* domain = nullptr;  // the rule that fits
  const config::Stream* stream = nullptr;  // may be missing
  bool fixed_route = false;                // a relay or LMTP: no provider, and nothing built in
  // What [[path]] may ask for besides; "": not known.
  std::string vmta{};
  std::string site{};  // the set of MX hosts, where there is no provider
  std::string name{};  // the recipients' domain
};

[[nodiscard]] std::vector<Explained> explain(const config::Config& config, const Catalog& catalog, const Question& ask);

// Whether the stream has a path of its own there: a [[path]] that names it says more than what TLS is to be.
[[nodiscard]] bool has_own_path(const config::Config& config, const Question& ask);

// The level of TLS before anything that the domain publishes, and whose word it is ("[tls]", "[[stream]] news").
struct TlsWord {
  config::TlsLevel level;
  Explained row;
};
[[nodiscard]] TlsWord tls_word(const config::Config& config, const Catalog& catalog, const Question& ask);

// The [[domain]] of the name itself, else of the longest "*." suffix; nullptr when there is none.
[[nodiscard]] const config::Domain* domain_rule(const config::Config& config, const std::string& domain);

}  // namespace penstock::providers
