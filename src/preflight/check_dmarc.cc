// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "dmarc/discovery.h"
#include "dmarc/domain.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

void judge_record(const std::string& domain, const dmarc::Found& policy, Findings& found) {
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Dmarc, std::move(what), std::move(mend)});
  };
  for (const std::string& problem : policy.record.problems) {
    add(Level::Warn, fmt::format("the record at {}: {}", policy.name, problem),
        "correct the tag; receivers pass it over");
  }
  if (policy.record.aggregate_to.empty()) {
    add(Level::Warn,
        fmt::format("p={} at {}, but nobody gets the reports (rua)", to_string(policy.applies), policy.name),
        fmt::format("add an address; reports show who else sends as you:\nrua=mailto:dmarc@{}", domain));
  } else if (policy.record.problems.empty()) {
    add(Level::Pass, fmt::format("p={} for {}, by {}", to_string(policy.applies), domain, policy.name));
  }
}

bool any_aligned(const std::vector<std::string>& domains, const std::string& from, dmarc::Alignment mode) {
  return std::any_of(domains.begin(), domains.end(),
                     [&](const std::string& domain) { return dmarc::is_aligned(domain, from, mode); });
}

Finding judge_pairing(const std::string& from, const Pairing& pairing, const dmarc::Record& record) {
  const bool by_dkim = any_aligned(pairing.signers, from, record.dkim);
  const bool by_spf = any_aligned(pairing.envelope, from, record.spf);
  const std::string stream = fmt::format("stream {}: ", pairing.stream);
  const auto strict = [](dmarc::Alignment mode) { return mode == dmarc::Alignment::Strict ? " (strict)" : ""; };
  const std::string signers = pairing.signers.empty()
                                  ? "nobody signs"
                                  : fmt::format("{} signs{}", list_words(pairing.signers), strict(record.dkim));
  const std::string envelope =
      fmt::format("the envelope is from {}{}", list_words(pairing.envelope), strict(record.spf));
  if (by_dkim && by_spf) {
    return {Level::Pass, Check::Alignment, fmt::format("{}{} and {}: both fit {}", stream, signers, envelope, from)};
  }
  if (by_dkim) {
    return {Level::Warn, Check::Alignment, fmt::format("{}{}, which does not fit {}", stream, envelope, from),
            fmt::format("set return_path of stream {} to an address at {} or below it", pairing.stream, from)};
  }
  const std::string mend = fmt::format(
      "make a key with penstock dkim new {0}, declare it in [[dkim]] and set dkim = "
      "\"from\" for stream {1}",
      from, pairing.stream);
  if (by_spf) {
    return {Level::Warn, Check::Alignment,
            fmt::format("{}{}: no signature fits {}, so forwarded mail fails DMARC", stream, signers, from), mend};
  }
  return {Level::Fail, Check::Alignment, fmt::format("{}{} and {}: neither fits {}", stream, signers, envelope, from),
          mend};
}

}  // namespace

net::Task<Findings> check_dmarc(const World& world, SenderDomain domain) {
  Findings found;
  if (domain.pairings.empty()) co_return found;
  std::vector<std::vector<std::string>> texts;
  for (const std::string& name : dmarc::record_names(domain.name)) {
    const dns::Answer answer = co_await ask(world, dns::RecordType::Txt, name);
    if (dns::is_temporary(answer.status)) {
      found.push_back({Level::Warn, Check::Dmarc, fmt::format("{} is not known just now: {}", name, trouble_of(answer)),
                       "try again; if it stays so, the zone's servers are broken"});
      co_return found;
    }
    texts.push_back(values(answer));
  }
  const auto policy = dmarc::find_policy(domain.name, texts);
  if (policy) {
    judge_record(domain.name, *policy, found);
  } else {
    const std::string organisation = dmarc::organizational_domain(domain.name);
    found.push_back({Level::Fail, Check::Dmarc, policy.error(),
                     fmt::format("publish one; p=none asks for reports only:\n_dmarc.{0}. IN TXT \"v=DMARC1; p=none; "
                                 "rua=mailto:dmarc@{0}\"",
                                 organisation)});
  }
  const dmarc::Record record = policy ? policy->record : dmarc::Record{};
  for (const Pairing& pairing : domain.pairings) found.push_back(judge_pairing(domain.name, pairing, record));
  co_return found;
}

}  // namespace penstock::preflight
