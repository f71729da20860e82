// SPDX-License-Identifier: Apache-2.0
// DNS blocklists (RFC 5782).
#include <fmt/format.h>

#include "dns/name.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

// "2.0.0.127.zone" of an address, "domain.zone" of a domain.
std::string question_for(const std::string& subject, const std::string& zone) {
  if (!IpAddress::parse(subject)) return subject + "." + zone;
  std::string reverse = dns::reverse_name(subject).value_or("");
  reverse.resize(reverse.size() - std::string_view(reverse.ends_with("ip6.arpa") ? "ip6.arpa" : "in-addr.arpa").size());
  return reverse + zone;
}

// Lists answer 127.255.255.x to those whose questions they do not take.
bool is_refusal(const std::string& address) {
  return address.starts_with("127.255.255.");
}

}  // namespace

net::Task<Findings> check_blocklist(const World& world, std::string subject, std::string zone) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Blocklist, std::move(what), std::move(mend)});
  };
  const std::string name = question_for(subject, zone);
  const dns::Answer answer = co_await ask(world, dns::RecordType::A, name);
  if (dns::is_temporary(answer.status)) {
    add(Level::Warn, fmt::format("{} did not answer about {}: {}", zone, subject, trouble_of(answer)),
        "take the list out of [preflight] if it is gone; dead lists are no news");
    co_return found;
  }
  const std::vector<std::string> codes = values(answer);
  if (codes.empty()) {
    add(Level::Pass, fmt::format("{} is not in {}", subject, zone));
    co_return found;
  }
  if (is_refusal(codes.front())) {
    add(Level::Warn, fmt::format("{} refuses questions from this resolver ({})", zone, codes.front()),
        "ask through a resolver of your own instead of a public one ([dns] upstream), or get a key from the list");
    co_return found;
  }
  if (!codes.front().starts_with("127.")) {
    add(Level::Warn, fmt::format("{} answers {} about {}, which no list does", zone, codes.front(), subject),
        "the zone is gone or a resolver makes answers up; take it out of [preflight]");
    co_return found;
  }
  const dns::Answer text = co_await ask(world, dns::RecordType::Txt, name);
  const std::string reason = text.records.empty() ? "" : ": " + text.records.front().value;
  add(Level::Fail, fmt::format("{} is in {} ({}){}", subject, zone, list_words(codes), reason),
      "find out what was sent and stop it first; then ask the list's operator to remove it");
  co_return found;
}

}  // namespace penstock::preflight
