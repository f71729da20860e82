// SPDX-License-Identifier: Apache-2.0
#include "preflight/finding.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::preflight {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Pass: return "pass";
    case Level::Warn: return "warn";
    case Level::Fail: return "fail";
    case Level::Skip: return "skip";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view to_string(Check check) {
  switch (check) {
    case Check::Clock: return "clock";
    case Check::Source: return "source";
    case Check::Ptr: return "ptr";
    case Check::Ehlo: return "ehlo";
    case Check::Reach: return "reach";
    case Check::Blocklist: return "blocklist";
    case Check::Spf: return "spf";
    case Check::SpfLookups: return "spf-lookups";
    case Check::Dkim: return "dkim";
    case Check::Dmarc: return "dmarc";
    case Check::Alignment: return "alignment";
    case Check::Mx: return "mx";
    case Check::Postmaster: return "postmaster";
    case Check::Soa: return "soa";
    case Check::Tls: return "tls";
    case Check::Dnssec: return "dnssec";
    case Check::Bulk: return "bulk";
    case Check::Message: return "message";
    case Check::Relay: return "relay";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view why(Check check) {
  switch (check) {
    case Check::Clock:
      return "Date fields, DKIM expiry, certificates and retry times go by this machine's clock. A message from the "
             "future or the past counts as spam.";
    case Check::Source:
      return "A vMTA sends from this address. One the machine does not have cannot be used, and one that is translated "
             "on the way is not the one receivers judge.";
    case Check::Ptr:
      return "Gmail, Yahoo and Microsoft refuse mail from an address without a name, or whose name does not lead back "
             "to the address.";
    case Check::Ehlo:
      return "Receivers look up the name in EHLO (RFC 5321 §4.1.1.1). One that does not exist or is somebody else's is "
             "what infected machines say.";
    case Check::Reach:
      return "Mail leaves on port 25, which many hosting companies and some firewalls block until one asks. Large "
             "providers turn addresses they do not like away in the banner.";
    case Check::Blocklist: return "Receivers that use the list refuse or junk all mail from what is on it.";
    case Check::Spf:
      return "Receivers ask the envelope sender's domain which addresses may send for it (RFC 7208). Gmail and Yahoo "
             "want a pass from everybody who sends in bulk.";
    case Check::SpfLookups:
      return "A record that needs more than ten look-ups is an error for every message (RFC 7208 §4.6.4), however "
             "right the addresses in it are.";
    case Check::Dkim: return "A signature that does not fit the key in DNS fails at every receiver, and DMARC with it.";
    case Check::Dmarc:
      return "Gmail, Yahoo and Microsoft want a DMARC record, at least p=none, from whoever sends in bulk.";
    case Check::Alignment:
      return "DMARC passes only if the domain that signed, or the envelope sender's, belongs to the domain of the From "
             "field. That is also what bulk-sender rules ask for.";
    case Check::Mx:
      return "Bounces and complaints are mailed to this domain. Receivers refuse senders that cannot be answered, and "
             "without bounces dead addresses stay on the list.";
    case Check::Postmaster:
      return "RFC 5321 §4.5.1 and RFC 2142 want postmaster and abuse to be read. Feedback loops and delisting forms "
             "write to them, some receivers try them.";
    case Check::Soa:
      return "A domain without a zone of its own or above it does not exist; receivers refuse its mail "
             "(RFC 5321 §2.3.5).";
    case Check::Tls:
      return "Clients that verify the listener's certificate do not hand over mail when it has expired or is for "
             "another name.";
    case Check::Dnssec:
      return "What receiving domains publish about their TLS (DANE) is obeyed as far as DNSSEC proves it. Without it "
             "mail "
             "to them can be read by whoever gets between.";
    case Check::Bulk:
      return "Gmail, Yahoo and Microsoft want marketing mail signed and with one-click unsubscribe (RFC 8058), and "
             "hold the "
             "sender to it.";
    case Check::Message:
      return "Gmail, Yahoo and Microsoft refuse or junk mail in bulk that lacks these, and so does the stream where "
             "its "
             "bulk_rules say so.";
    case Check::Relay:
      return "Mail for this relay waits in the queue for as long as the service does not let us sign in.";
  }
  PENSTOCK_UNREACHABLE();
}

std::size_t Report::count(Level level) const {
  std::size_t sum = 0;
  for (const Group& group : groups) {
    sum += static_cast<std::size_t>(std::count_if(group.findings.begin(), group.findings.end(),
                                                  [&](const Finding& each) { return each.level == level; }));
  }
  return sum;
}

}  // namespace penstock::preflight
