// SPDX-License-Identifier: Apache-2.0
// How mail comes in, and what is read from it.
#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kHeaderNames = 16;
constexpr std::size_t kNetworks = 10'000;

}  // namespace

const Section& headers_section() {
  const auto names = [] { return list_of(header_name(), "list of header names", kHeaderNames, Single::Accepted); };
  static const Section section =
      SectionBuilder<Headers>("[headers]")
          .add("stream", &Headers::stream, names(), Live, "Fields that name the stream. The first one present counts.")
          .add("tenant", &Headers::tenant, names(), Live, "Fields that name the tenant.")
          .add("campaign", &Headers::campaign, names(), Live, "Fields that name the campaign.")
          .add("list", &Headers::list, names(), Live,
               "Fields that name the mailing list: whoever unsubscribed from it does not get the message.")
          .add("vmta", &Headers::vmta, names(), Live, "Fields that name the vMTA or pool.")
          .add("first_attempt", &Headers::first_attempt, names(), Live,
               "Fields with the time of the first attempt (RFC 3339).")
          .add("remove", &Headers::remove, names(), Live, "Further fields that are removed before sending.")
          .add("add_received", &Headers::add_received, flag(), Live, "Add a Received line.")
          .add("add_message_id", &Headers::add_message_id, flag(), Live, "Add a Message-ID when there is none.")
          .add("add_date", &Headers::add_date, flag(), Live, "Add a Date when there is none.")
          .build();
  return section;
}

const Section& pickup_section() {
  static const Section section =
      SectionBuilder<Pickup>("[pickup]")
          .add("dir", &Pickup::dir, absolute_path(), Restart, "The folder whose files are sent.", "off")
          .add("scan_interval", &Pickup::scan_interval, span(100ms, 1h), Restart, "Time between looks at the folder.")
          .add("stream", &Pickup::stream, name(), Live, "Stream of messages that name none.", "by match")
          .add("tenant", &Pickup::tenant, name(), Live, "Tenant of messages that name none.")
          .add("max_in_flight", &Pickup::max_in_flight, number(1, 100'000), Restart,
               "Files that are read and not yet durable.")
          .add("max_message_size", &Pickup::max_message_bytes, size(1 << 10, 2048 * kMiB), Live,
               "Larger files go to bad/.")
          .build();
  return section;
}

const Section& listener_section() {
  const auto networks = [] { return list_of(network(), "list of networks", kNetworks, Single::Accepted); };
  static const Section section =
      SectionBuilder<Listener>("[[listener]]")
          .add("address", &Listener::address, endpoint({Host::AddressOnly}), Restart, "Where it listens.")
          .add("name", &Listener::name, name(), Restart, "What it is called in matches and events.", "the address")
          .add("hostname", &Listener::hostname, domain(), Live, "Name in the banner and in Received lines.",
               "node.name")
          .add("relay_from", &Listener::relay_from, networks(), Live,
               "Who may send to any domain. Never everybody: 0.0.0.0/0 and ::/0 are refused.", "nobody")
          .add("relay_domains", &Listener::relay_domains,
               list_of(domain_pattern(), "list of domains", 100'000, Single::Accepted), Live,
               "Recipients' domains that anybody may send to.", "none")
          .add("report_domains", &Listener::report_domains,
               list_of(domain(), "list of domains", 10'000, Single::Accepted), Live,
               "Domains whose mail anybody may send and that is read as bounces and complaints, never relayed.", "none")
          .add("proxy_from", &Listener::proxy_from, networks(), Live,
               "Peers that must speak the PROXY protocol, v1 or v2, first. Who they do not name is a stranger.",
               "nobody")
          .add("xclient_from", &Listener::xclient_from, networks(), Live, "Peers that may use XCLIENT.", "nobody")
          .add("stream", &Listener::stream, name(), Live, "Stream of messages that name none.", "by match")
          .add("tenant", &Listener::tenant, name(), Live, "Tenant of messages that name none.")
          .add("suppressed", &Listener::suppressed,
               word<SuppressedMail>({{"refuse", SuppressedMail::Refuse}, {"accept", SuppressedMail::Accept}}), Live,
               "Recipients who are suppressed: refuse them at RCPT, or accept and record them without sending.")
          .add("auth", &Listener::auth,
               word<ListenerAuth>(
                   {{"off", ListenerAuth::Off}, {"offer", ListenerAuth::Offer}, {"require", ListenerAuth::Require}}),
               Live, "Whether clients may (offer) or must (require) sign in, encrypted or from this machine only.")
          .add("tls", &Listener::tls,
               word<ListenerTls>({{"off", ListenerTls::Off},
                                  {"starttls", ListenerTls::StartTls},
                                  {"implicit", ListenerTls::Implicit}}),
               Live, "Whether connections may (starttls) or must from their first byte (implicit) be encrypted.")
          .add("cert_file", &Listener::tls_cert_file, absolute_path(), Live,
               "The certificate and those between it and a root, PEM. Read again when it changes.", "none")
          .add("key_file", &Listener::tls_key_file, absolute_path(), Live,
               "Its private key, PEM; refused when others than its owner can use it.", "none")
          .add("client_ca_file", &Listener::client_ca_file, absolute_path(), Live,
               "Clients are asked for a certificate, which must be of one of these authorities if given.", "nobody")
          .add("max_connections", &Listener::max_connections, number(1, 100'000), Live,
               "Connections in all; the next gets 421.")
          .add("max_connections_per_address", &Listener::max_connections_per_address, number(1, 100'000), Live,
               "Connections from one address, or from one IPv6 /64; the next gets 421.")
          .add("max_recipients", &Listener::max_recipients, number(1, 50'000), Live,
               "Recipients in one transaction; the next gets 452. RFC 5321 asks for at least 100.")
          .add("max_message_size", &Listener::max_message_bytes, size(1 << 10, 2048 * kMiB), Live,
               "Larger messages get 552; announced with SIZE.")
          .add("max_commands", &Listener::max_commands, number(100, 1'000'000), Live,
               "Commands in a row without an accepted message; then 421.")
          .add("max_errors", &Listener::max_errors, number(1, 10'000), Live, "Refused commands in a session; then 421.")
          .add("max_command_line", &Listener::max_command_line_bytes, small_size(512, 1 << 16), Live,
               "Longer commands get 500. RFC 5321 asks for at least 512 bytes.")
          .add("max_text_line", &Listener::max_text_line_bytes, small_size(1000, 1 << 20), Live,
               "Messages with longer lines get 554. RFC 5321 asks for at least 1,000 bytes.")
          .add("command_timeout", &Listener::command_timeout, span(1s, 1h), Live,
               "Waiting for a command or for the next piece of a message. RFC 5321 asks for 5 minutes.")
          .add("message_timeout", &Listener::message_timeout, span(10s, 24h), Live,
               "From DATA or the first BDAT to the end of the message.")
          .add("banner_delay", &Listener::banner_delay, optional_of(span(0s, 1min)), Live,
               "Wait before the banner. Who speaks before the banner is dropped; with 0s that is who has spoken "
               "already when the connection is taken.",
               "200ms for who is not in relay_from, 0s for the others")
          .build();
  return section;
}

}  // namespace penstock::config
