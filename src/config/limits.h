// SPDX-License-Identifier: Apache-2.0
// The parts of Config that bound what is sent: limits of paths and tuples, time-outs and back-off rules of single
// providers, what follows from trouble and from replies. config.h includes it.
//
// Plain values; see config.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace penstock::config {

// What TLS is to a delivery; docs/tls.md.
enum class TlsLevel : std::uint8_t {
  None,
  Opportunistic,  // used when it works; nothing is verified
  Require,        // not sent without; nothing is verified
  Verify          // not sent without a certificate that is good for the host's name
};

// 0 and a Rate with count 0: no limit set here; then the next wider scope's counts: domain, provider, defaults.
struct Limits {
  std::uint32_t connections = 0;
  Rate connection_rate{0, std::chrono::seconds{1}};
  std::uint32_t messages_per_connection = 0;
  Rate message_rate{0, std::chrono::seconds{1}};
  std::uint32_t recipients_per_message = 0;
  // With one of these, the limit moves between floor and the value above (docs/shaping.md).
  std::uint32_t connections_floor = 0, connections_start = 0;
  Rate message_rate_floor{0, std::chrono::seconds{1}}, message_rate_start{0, std::chrono::seconds{1}};
  std::uint32_t messages_per_connection_floor = 0, messages_per_connection_start = 0;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// Where a key or table stood, for what is found out later. The loader fills it in.
struct Stood {
  std::string file{};
  std::uint32_t line = 0, column = 0;  // from 1
};

// Time-outs that differ from [timeouts]; none: as there.
struct OwnTimeouts {
  std::optional<Duration> connect{}, banner{}, ehlo{}, mail{}, rcpt{}, data{}, data_block{}, end_of_data{}, rset{},
      quit{}, idle{};
  friend bool operator==(const OwnTimeouts&, const OwnTimeouts&) = default;
};

// Back-off mode of adaptive paths: when it begins, what may be sent in it, how long it lasts (docs/shaping.md). None,
// 0 and a Rate with count 0: the next wider scope's counts, as in Limits.
struct Backoff {
  std::optional<double> doubts{};         // share of a minute's answers that doubt us, from which on it begins
  std::optional<double> share{};          // of the limits before it …
  std::uint32_t connections = 0;          // … but this many …
  Rate rate{0, std::chrono::seconds{1}};  // … and this, of recipients, where given
  std::optional<Duration> first{};        // its length; the next is twice as long, and so on …
  std::optional<Duration> longest{};      // … up to this
  friend bool operator==(const Backoff&, const Backoff&) = default;
};

// A limit on a tuple. A place of the tuple is a name (it holds for that one), "*" (each has a limit of its own), or
// empty (all share it). See shaping/limit_book.h.
struct Limit {
  std::string name;
  std::string vmta, source_ip, pool, stream, tenant, campaign, sender_domain, dkim_domain, provider, site, mx_host,
      remote_ip;
  std::uint32_t connections = 0;
  Rate connection_rate{0, std::chrono::seconds{1}};
  std::uint32_t messages_per_connection = 0;
  Rate message_rate{0, std::chrono::seconds{1}};      // recipients
  Rate transaction_rate{0, std::chrono::seconds{1}};  // messages
  Rate byte_rate{0, std::chrono::seconds{1}};
  Stood provider_at{};
};

enum class ActionWhat : std::uint8_t {
  Off,  // the shipped rule of that name is not asked
  Slow,
  Backoff,
  Suspend,
  Stop  // until a person ends it, unless it has a length
};

// A rule that acts on those whom receivers' replies are about, in place of the shipped one of the same name. See
// shaping/action_book.h, whose ActionRule has the meanings; docs/shaping.md.
struct ActionRule {
  std::string name;
  ActionWhat what = ActionWhat::Slow;
  std::string scope;                 // that the reply names: "sender-domain"; empty: any
  std::vector<std::string> classes;  // "reputation", …; empty: any
  bool alarms_only = false;
  std::vector<std::string> per;  // "sender_domain", …: whom it counts and acts on, at each provider by itself
  std::uint32_t replies = 5;     // so many of them …
  double share = 0.1;            // … and this share of all answers about them, once …
  std::uint32_t volume = 20;     // … there are so many …
  Duration span = std::chrono::minutes{1};     // … within this
  double factor = 0.5;                         // Slow, Backoff: what is left of the rate
  Rate rate{0, std::chrono::seconds{1}};       // … or this, where given
  Duration length = std::chrono::minutes{15};  // zero: until a person ends it
  Duration longest = std::chrono::hours{6};
  bool alarm = false;
  Stood at{};
};

// Values of those egress paths that fit all it names, over what provider and defaults say; with a domain, over what
// [[domain]] says too; with a stream, of that stream's mail alone, over all else.
struct PathRule {
  std::string vmta, pool, provider, site, domain;  // empty: any. site: as paths name it after "site:"
  std::string stream;
  Limits limits;  // keys of the table itself
  std::optional<TlsLevel> tls;
  OwnTimeouts timeouts;
  Backoff backoff;
  Stood provider_at{};
  // It says something that only a path of its own can keep.
  [[nodiscard]] bool needs_path() const {
    return limits != Limits{} || timeouts != OwnTimeouts{} || backoff != Backoff{};
  }
};

// What an egress path does when connections come to nothing. See shaping/connection_trouble.h.
struct Trouble {
  std::uint32_t failures = 3;  // in a row; 0: never suspend
  Duration first = std::chrono::seconds{30};
  double growth = 2.0;
  Duration longest = std::chrono::minutes{15};
  double jitter = 0.2;
  std::uint32_t ramp_limit = 64;
};

}  // namespace penstock::config
