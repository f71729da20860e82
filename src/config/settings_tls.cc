// SPDX-License-Identifier: Apache-2.0
// [tls], and what TLS is to a delivery wherever that is said.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {

using namespace std::chrono_literals;
using enum Apply;

Kind<TlsLevel> tls_level() {
  return word<TlsLevel>({{"none", TlsLevel::None},
                         {"opportunistic", TlsLevel::Opportunistic},
                         {"require", TlsLevel::Require},
                         {"verify", TlsLevel::Verify}});
}

const Section& tls_section() {
  static const Section section =
      SectionBuilder<Tls>("[tls]")
          .add("delivery", &Tls::delivery, tls_level(), Live,
               "Of deliveries, where no domain, provider or stream says it itself.")
          .add("ca_file", &Tls::ca_file, absolute_path(), Live, "Certificates that are trusted, PEM.", "the system's")
          .add("handshake_timeout", &Tls::handshake_timeout, span(1s, 5min), Live,
               "The longest a TLS handshake takes, in and out.")
          .add("mta_sts", &Tls::mta_sts, flag(), Live,
               "Look up, fetch and obey the MTA-STS policies of domains (RFC 8461).")
          .add("mta_sts_port", &Tls::mta_sts_port, number(1, 65'535), Restart,
               "Port of the hosts that serve policies; another one is for test networks.")
          .add("private_hosts", &Tls::private_hosts, flag(), Restart,
               "Get policies from, and bring reports (https in rua) to, hosts at loopback and private addresses too: "
               "for "
               "domains and test networks of your own. Strangers say where these hosts are.")
          .add("dane", &Tls::dane, flag(), Live,
               "Obey the TLSA records of hosts (RFC 7672), as far as DNSSEC proves them: see dns.trust_anchor_file.")
          .add("clear_for", &Tls::clear_for, span(1min, 24h), Live,
               "After a failed handshake an opportunistic delivery to that address goes in clear for this long.")
          .build();
  return section;
}

const Section& tls_report_section() {
  static const Section section =
      SectionBuilder<TlsReport>("[tls_report]")
          .add("organization", &TlsReport::organization, any_text(200), Restart,
               "Who sends the reports (RFC 8460). With a contact too, reports are collected and sent.", "off")
          .add("contact", &TlsReport::contact, mail_address(), Restart,
               "An address of yours; reports come from it and name it.", "off")
          .add("stream", &TlsReport::stream, name(), Live, "The stream that reports by mail are sent by.",
               "the fallback stream")
          .build();
  return section;
}

}  // namespace penstock::config
