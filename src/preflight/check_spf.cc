// SPDX-License-Identifier: Apache-2.0
// SPF of an envelope sender's domain for each address that sends with it, evaluated as a receiver does it, and what its
// record costs at most.
#include <fmt/format.h>

#include <array>
#include <map>

#include "preflight/checks.h"
#include "spf/check_host.h"

namespace penstock::preflight {
namespace {

constexpr int kLookupsNear = 9;
// Nobody has these (RFC 1112 §4, RFC 6666): whom a record lets pass from here it lets pass from everywhere.
constexpr std::array<const char*, 2> kNobodys{"240.0.0.1", "100::1"};

dns::RecordType to_dns(spf::RecordType type) {
  switch (type) {
    case spf::RecordType::Txt: return dns::RecordType::Txt;
    case spf::RecordType::A: return dns::RecordType::A;
    case spf::RecordType::Aaaa: return dns::RecordType::Aaaa;
    case spf::RecordType::Mx: return dns::RecordType::Mx;
    case spf::RecordType::Ptr: return dns::RecordType::Ptr;
  }
  return dns::RecordType::Txt;
}

spf::Answer to_spf(const dns::Answer& answer) {
  using Status = spf::Answer::Status;
  if (dns::is_temporary(answer.status)) return {Status::Trouble, {}};
  if (answer.status != dns::Status::Found) return {Status::None, {}};
  return {Status::Found, values(answer)};
}

net::Task<spf::Outcome> evaluate(const World& world, spf::Query query, spf::Answers& known) {
  spf::Outcome outcome = spf::check_host(query, known);
  while (!outcome.missing.empty()) {
    for (const spf::Question& question : outcome.missing) {
      const dns::Answer answer = co_await ask(world, to_dns(question.type), question.name);
      known[question] = to_spf(answer);
    }
    outcome = spf::check_host(query, known);
  }
  co_return outcome;
}

// Addresses with the same outcome are told of together.
struct SameOutcome {
  spf::Outcome outcome;
  std::vector<std::string> addresses;
};

// "ip4:192.0.2.10 ip6:2001:db8::1"
std::string terms_for(const std::vector<std::string>& addresses) {
  std::string terms;
  for (const std::string& address : addresses) {
    terms += fmt::format("{}{}:{}", terms.empty() ? "" : " ", address.find(':') == std::string::npos ? "ip4" : "ip6",
                         address);
  }
  return terms;
}

std::string mend_of(const std::string& domain, const SameOutcome& same) {
  const std::string terms = terms_for(same.addresses);
  switch (same.outcome.verdict) {
    case spf::Verdict::Pass: return {};
    case spf::Verdict::None: return fmt::format("publish a record:\n{}. IN TXT \"v=spf1 {} -all\"", domain, terms);
    case spf::Verdict::TempError: return "try again; if it stays so, the zone's servers are broken";
    case spf::Verdict::PermError: return "correct the record; until then it counts for nobody";
    default: return fmt::format("add this to the record of {}, before the \"all\" at its end:\n{}", domain, terms);
  }
}

Finding judge(const std::string& domain, const SameOutcome& same) {
  const spf::Outcome& outcome = same.outcome;
  const std::string who = list_words(same.addresses);
  if (outcome.verdict == spf::Verdict::Pass) {
    const spf::Step& step = outcome.decided_by.back();
    return {Level::Pass, Check::Spf, fmt::format("{} lets {} send, by {} of {}", domain, who, step.term, step.domain)};
  }
  if (outcome.verdict == spf::Verdict::TempError) {
    return {Level::Warn, Check::Spf,
            fmt::format("whether {} lets {} send is not known just now: {}", domain, who, outcome.why),
            mend_of(domain, same)};
  }
  return {Level::Fail, Check::Spf, fmt::format("{} does not let {} send: {}", domain, who, outcome.to_string()),
          mend_of(domain, same)};
}

Finding judge_cost(const std::string& domain, const spf::Outcome& walk) {
  const std::string fewer =
      "replace include, a and mx by the addresses behind them, or give this mail a domain of its own";
  if (walk.lookups > spf::kLookupsMax) {
    return {Level::Fail, Check::SpfLookups,
            fmt::format("the record of {} needs {} look-ups; {} are allowed", domain, walk.lookups, spf::kLookupsMax),
            fewer};
  }
  const Level level = walk.lookups >= kLookupsNear ? Level::Warn : Level::Pass;
  return {level, Check::SpfLookups,
          fmt::format("the record of {} needs {} of {} look-ups", domain, walk.lookups, spf::kLookupsMax),
          level == Level::Warn ? fewer + ": one include more, by you or by whom you include, breaks it" : ""};
}

}  // namespace

net::Task<Findings> check_spf(const World& world, EnvelopeDomain domain) {
  spf::Answers known;
  std::map<std::string, SameOutcome> outcomes;
  spf::Query query;
  query.domain = domain.name;
  query.sender = "postmaster@" + domain.name;
  query.receiver = world.config.node.name;
  query.unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(world.clock.wall().time_since_epoch()).count();
  bool has_record = false;
  for (const Identity& identity : domain.identities) {
    if (!identity.source) continue;
    query.address = *identity.source;
    query.helo = identity.ehlo;
    spf::Outcome outcome = co_await evaluate(world, query, known);
    has_record = has_record || (outcome.verdict != spf::Verdict::None && outcome.verdict != spf::Verdict::TempError);
    SameOutcome& same = outcomes[outcome.to_string()];
    same.addresses.push_back(identity.address());
    same.outcome = std::move(outcome);
  }
  Findings found;
  for (const auto& [words, same] : outcomes) found.push_back(judge(domain.name, same));
  if (!has_record) co_return found;
  for (const char* address : kNobodys) {
    query.address = *IpAddress::parse(address);
    const spf::Outcome everybody = co_await evaluate(world, query, known);
    if (everybody.verdict != spf::Verdict::Pass) continue;
    const spf::Step& step = everybody.decided_by.back();
    found.push_back({Level::Warn, Check::Spf,
                     fmt::format("{} lets everybody send, by {} of {}: a pass says nothing, and receivers hold it "
                                 "against the domain",
                                 domain.name, step.term, step.domain),
                     "name the addresses that send, and end the record with -all"});
    break;
  }
  query.walk = spf::Walk::Everything;
  const spf::Outcome walk = co_await evaluate(world, query, known);
  // What breaks off earlier for another reason has been told, and says nothing of the cost.
  if (walk.verdict == spf::Verdict::PermError && walk.lookups <= spf::kLookupsMax) co_return found;
  found.push_back(judge_cost(domain.name, walk));
  co_return found;
}

}  // namespace penstock::preflight
