// SPDX-License-Identifier: Apache-2.0
// ProviderData: what one provider file says of a mailbox provider, each value with its reference and standing.
//
// A file names its provider and has one table for each fact: match, connections, connection_rate, message_rate,
// messages_per_connection, recipients_per_message, timeouts, backoff, tls, postmaster, feedback_loop.
// docs/providers.md explains them.
// Limits are per source address. Plain values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/value.h"

namespace penstock::providers {

// How good a fact is. The words in files and answers are those in quotes.
enum class Standing : std::uint8_t {
  Published,  // "published": the provider says so itself
  Quoted,     // "quoted": somebody else quotes the provider
  Practice,   // "practice": what others observed or ship as a default
  Chosen      // "chosen": our own careful choice; the reference says why
};
[[nodiscard]] std::string_view to_string(Standing standing);

struct Fact {
  std::string reference;  // https://…
  Standing standing = Standing::Chosen;
  std::string note;     // a sentence; may be empty
  config::Place place;  // of the table
};

struct ProviderData {
  std::string file;      // "gmail.toml", or with its folder
  config::Place place;   // of the file
  bool shipped = false;  // else the operator's
  std::string title;     // for people: "Gmail and Google Workspace"
  config::Provider provider;
  std::optional<config::TlsLevel> tls;  // at least this
  std::string postmaster, feedback_loop;
  std::map<std::string, Fact, std::less<>> facts;  // by table
  // The table a key of [[provider]] comes from: "connections_floor" from "connections", "mx" from "match",
  // "timeouts.mail" from "timeouts".
  [[nodiscard]] const Fact* fact_of(std::string_view key) const;
};

}  // namespace penstock::providers
