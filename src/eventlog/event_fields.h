// SPDX-License-Identifier: Apache-2.0
// The members of an event's line, in the order they are written. docs/events.md describes each. Names are never given
// another meaning; new ones may be added anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock::eventlog {

enum class Field : std::uint8_t {
  Time,
  Type,
  Node,
  Id,
  RcptIndex,
  Stream,
  Tenant,
  Campaign,
  List,
  Sender,
  Recipient,
  Orcpt,
  Envid,
  Domain,
  Provider,
  Site,
  Vmta,
  Pool,
  Source,
  Peer,
  PeerHost,
  Route,
  Protocol,
  Client,
  User,
  Extensions,
  Step,
  Reply,
  Code,
  Enhanced,
  Class,
  Rule,
  Scope,
  Blocklist,
  Attempt,
  Size,
  QueuedUs,
  TookUs,
  Next,
  Tls,
  Cipher,
  TlsVerified,
  TlsPolicy,
  Connection,
  DkimDomain,
  Report,
  Detail,
};
inline constexpr std::array<std::string_view, 47> kFieldNames{
    "time",   "type",         "node",       "id",         "rcpt_index",  "stream",   "tenant",   "campaign",
    "list",   "sender",       "recipient",  "orcpt",      "envid",       "domain",   "provider", "site",
    "vmta",   "pool",         "source",     "peer",       "peer_host",   "route",    "protocol", "client",
    "user",   "extensions",   "step",       "reply",      "code",        "enhanced", "class",    "rule",
    "scope",  "blocklist",    "attempt",    "size",       "queued_us",   "took_us",  "next",     "tls",
    "cipher", "tls_verified", "tls_policy", "connection", "dkim_domain", "report",   "detail"};
static_assert(kFieldNames.size() == static_cast<std::size_t>(Field::Detail) + 1);

[[nodiscard]] constexpr std::size_t index_of(Field field) {
  return static_cast<std::size_t>(field);
}
[[nodiscard]] constexpr std::string_view name_of(Field field) {
  return kFieldNames[index_of(field)];
}

}  // namespace penstock::eventlog
