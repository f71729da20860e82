// SPDX-License-Identifier: Apache-2.0
// Routes: where mail goes, and how a relay that is a service is signed in to.
#include <fmt/format.h>

#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

using enum Apply;

constexpr std::size_t kHosts = 32;
constexpr EndpointRules kRelayHost{Host::NameOrAddress, UnixSocket::Refused, 25};
constexpr EndpointRules kLmtpHost{Host::NameOrAddress, UnixSocket::Accepted, 24};

Kind<std::vector<Endpoint>> hosts(EndpointRules rules) {
  return list_of(endpoint(rules), "list of hosts", kHosts, Single::Accepted);
}

const Section& relay_section() {
  static const Section section =
      SectionBuilder<Route>("a relay route")
          .required("relay", &Route::hosts, hosts(kRelayHost), Live, "The hosts, tried in this order.")
          .add("user", &Route::user, any_text(320), Live, "Sign in there as this user; encrypted only.", "nobody")
          .add("password_file", &Route::password_file, absolute_path(), Live,
               "His password, the first line of a file that others cannot read.", "none")
          .add("tls", &Route::tls, optional_of(tls_level()), Live, "TLS there, whatever stream and domain say.",
               "\"verify\" with a user")
          .add("implicit_tls", &Route::implicit_tls, optional_of(flag()), Live,
               "Encrypted from the first byte on, without STARTTLS.", "on port 465")
          .add("headers", &Route::headers, pairs(header_name(), "table of header fields"), Live,
               "Header fields set on every message that goes there.", "none")
          .keys_of(&Route::limits, limits_section())
          .build();
  return section;
}

const Section& lmtp_section() {
  static const Section section =
      SectionBuilder<Route>("an LMTP route")
          .required("lmtp", &Route::hosts, hosts(kLmtpHost), Live, "The hosts or sockets, tried in this order.")
          .build();
  return section;
}

bool read_route(const Value& value, Route& out, Complaints& complaints) {
  const std::string expected = "\"mx\", \"null\", { relay = [\"host:25\"] } or { lmtp = [\"unix:/path\"] }";
  if (value.kind == Value::Kind::Text && (value.text == "mx" || value.text == "null")) {
    out = {value.text == "mx" ? Route::Kind::Mx : Route::Kind::Null, {}};
    return true;
  }
  const Value* relay = value.find("relay");
  const Value* lmtp = value.find("lmtp");
  if (value.kind == Value::Kind::Text) {
    complaints.wrong_kind(value, expected, "for a fixed host write { relay = [" + quote(value.text) + "] }");
    return false;
  }
  if ((relay == nullptr) == (lmtp == nullptr)) {
    complaints.add(value.place, "must be " + expected);
    return false;
  }
  Route route{relay != nullptr ? Route::Kind::Relay : Route::Kind::Lmtp, {}};
  Places places;
  read_table(relay != nullptr ? relay_section() : lmtp_section(), &route, {value, "", complaints.key()},
             complaints.problems(), places);
  const auto read_well = places.find(relay != nullptr ? ".relay" : ".lmtp");
  if (route.hosts.empty()) {
    if (read_well == places.end() || read_well->second.good) complaints.add(value.place, "names no host");
    return false;
  }
  out = std::move(route);
  return true;
}

std::string write_route(const Route& route) {
  switch (route.kind) {
    case Route::Kind::Mx: return "\"mx\"";
    case Route::Kind::Null: return "\"null\"";
    case Route::Kind::Relay: return write_table(relay_section(), &route);
    case Route::Kind::Lmtp: return write_table(lmtp_section(), &route);
  }
  return {};
}

}  // namespace

Kind<Route> route() {
  return {"route", "\"mx\", \"null\", { relay = […] }, { lmtp = […] }", read_route, write_route};
}

}  // namespace penstock::config
