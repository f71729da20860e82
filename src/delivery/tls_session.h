// SPDX-License-Identifier: Apache-2.0
// What one session came to, as the report of TLS to the recipient's domain counts it (RFC 8460 §4.3).
// Threads: any.   Pure but for the collector.
#pragma once

#include <string>
#include <string_view>

#include "delivery/host_tls.h"
#include "mtasts/policies.h"
#include "tlsrpt/collector.h"

namespace penstock::delivery {

struct SessionFacts {
  const HostTls* tls = nullptr;  // what it was judged by
  std::string host, address;     // of the receiver
  std::string source;            // ours; may be empty
  bool is_tls = false;           // a handshake was completed
  std::string verified;          // as net::TlsFacts has it
  std::string failure;           // why there is no session, when TLS is the reason
};

// Counts one success or failure, and another failure when the domain's policy could not be fetched.
// `sts`: nullptr when MTA-STS was not asked for.
void report_session(tlsrpt::Collector& reports, std::string_view domain, const mtasts::Verdict* sts,
                    const SessionFacts& facts);
// The policy that the session was judged by.
[[nodiscard]] tlsrpt::Policy policy_of(const HostTls& tls, const mtasts::Verdict* sts);

}  // namespace penstock::delivery
