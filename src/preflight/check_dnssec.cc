// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dns/configured.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

constexpr const char* kMend =
    "name resolvers in [dns] upstream that pass DNSSEC records on, best one of this machine's own (unbound, "
    "knot-resolver)";

}  // namespace

net::Task<Findings> check_dnssec(const World& world) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Dnssec, std::move(what), std::move(mend)});
  };
  if (const std::string gap = dns::dane_gap(world.config, world.system_anchor); !gap.empty()) {
    add(Level::Warn, gap, dns::kDaneMend);
    co_return found;
  }
  const std::string name = kSignedZone;
  const dns::Answer answer = co_await ask(world, dns::RecordType::Soa, name);
  if (answer.status == dns::Status::Bogus) {
    add(Level::Fail, fmt::format("DNSSEC does not prove the zone {}: {}", name, trouble_of(answer)), kMend);
  } else if (dns::is_temporary(answer.status)) {
    add(Level::Warn, fmt::format("whether answers are validated is not known just now: {}", trouble_of(answer)),
        "try again; if it stays so, the resolvers are broken");
  } else if (!answer.secure) {
    add(Level::Warn,
        fmt::format("the resolvers take the signatures out of answers: {} should be proven and is not", name), kMend);
  } else {
    add(Level::Pass, fmt::format("answers are validated: DNSSEC proves the zone {}", name));
  }
  co_return found;
}

}  // namespace penstock::preflight
