// SPDX-License-Identifier: Apache-2.0
// The way of a domain: address literal, or MX look-up → candidates (null MX, loops, order) → addresses of all
// candidates at once → Hosts. Every branch that ends without hosts says whether that is final or temporary.
#include "dns/host_finder.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "dns/name.h"

namespace penstock::dns {
namespace {

constexpr std::size_t kMaxHosts = 32;
constexpr std::size_t kMaxAddresses = 32;
constexpr std::chrono::seconds kLiteralTtl{86'400};
// When some address could not be found just now, the whole is looked up again soon.
constexpr std::chrono::seconds kPartialTtl{60};

// False where a connection can never reach a mail host: "this network", multicast, IPv4 in IPv6's clothes.
bool is_usable(const Address& address) {
  if (address.family == Family::V4) {
    in_addr v4{};
    if (inet_pton(AF_INET, address.text.c_str(), &v4) != 1) return false;
    const std::uint32_t first_byte = ntohl(v4.s_addr) >> 24U;
    return first_byte != 0 && first_byte < 224;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, address.text.c_str(), &v6) == 1 && !IN6_IS_ADDR_MULTICAST(&v6) &&
         !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_V4MAPPED(&v6);
}

Invalid bad_domain(std::string_view domain, std::string_view why) {
  return {InvalidClass::BadDomain, fmt::format("{} is no domain: {}", domain, why)};
}

// "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3).
RouteAnswer from_literal(std::string_view domain) {
  if (domain.size() < 3 || domain.back() != ']') return bad_domain(domain, "an address literal ends in ]");
  std::string_view text = domain.substr(1, domain.size() - 2);
  Address address;
  if (ascii::starts_with_ignoring_case(text, "IPv6:")) {
    address.family = Family::V6;
    text.remove_prefix(5);
  }
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  const int family = address.family == Family::V4 ? AF_INET : AF_INET6;
  if (inet_pton(family, std::string(text).c_str(), bytes.data()) != 1) {
    return bad_domain(domain, "the address in brackets is not one");
  }
  inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
  address.text = canonical.data();
  if (!is_usable(address)) return bad_domain(domain, "no host can have this address");
  Host host;
  host.name = address.family == Family::V4 ? fmt::format("[{}]", address.text) : fmt::format("[IPv6:{}]", address.text);
  host.addresses.push_back(address);
  Hosts hosts;
  hosts.site = host.name;
  hosts.hosts.push_back(std::move(host));
  hosts.ttl = kLiteralTtl;
  return hosts;
}

// "MX look-up of big.example: server failure"
std::string describe_trouble(RecordType type, std::string_view name, const Answer& answer) {
  std::string text = fmt::format("{} look-up of {}: {}", to_string(type), name, to_string(answer.status));
  if (!answer.why.empty()) text += fmt::format(" ({})", answer.why);
  return text;
}

std::string describe_trouble(RecordType type, std::string_view name, const Error& error) {
  return fmt::format("{} look-up of {}: {}", to_string(type), name, error.to_string());
}

// What one look-up adds to a host; `trouble` is set when asking later may add more.
void add_addresses(Host& host, const Question& question, const Result<AnswerPtr>& result, std::chrono::seconds& ttl,
                   std::string& trouble) {
  if (!result) {
    // A name that cannot be asked for (it holds an escaped byte) has no address, now or later.
    if (result.error().code != Errc::BadName) trouble = describe_trouble(question.type, question.name, result.error());
    return;
  }
  const Answer& answer = **result;
  if (is_temporary(answer.status)) trouble = describe_trouble(question.type, question.name, answer);
  if (answer.status != Status::Found) return;
  const Family family = question.type == RecordType::A ? Family::V4 : Family::V6;
  for (const Record& record : answer.records) {
    Address address{family, record.value};
    if (is_usable(address)) host.addresses.push_back(std::move(address));
  }
  host.secure = host.secure && answer.secure;
  ttl = std::min(ttl, answer.ttl);
}

void put_in_order(std::vector<Address>& addresses) {
  const auto key = [](const Address& address) { return std::tie(address.family, address.text); };
  std::sort(addresses.begin(), addresses.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.size() > kMaxAddresses) addresses.resize(kMaxAddresses);
}

// MX records as hosts: without the root, each name once with its best preference, best first.
std::vector<Host> to_hosts(const Answer& answer) {
  std::vector<Host> hosts;
  for (const Record& record : answer.records) {
    if (record.value.empty()) continue;
    Host host;
    host.name = record.value;
    host.preference = record.preference;
    host.secure = answer.secure;
    hosts.push_back(std::move(host));
  }
  std::sort(hosts.begin(), hosts.end(), [](const Host& a, const Host& b) {
    return std::tie(a.name, a.preference) < std::tie(b.name, b.preference);
  });
  hosts.erase(std::unique(hosts.begin(), hosts.end(), [](const Host& a, const Host& b) { return a.name == b.name; }),
              hosts.end());
  std::stable_sort(hosts.begin(), hosts.end(),
                   [](const Host& a, const Host& b) { return a.preference < b.preference; });
  return hosts;
}

}  // namespace

struct HostFinder::Candidates {
  std::string domain;
  std::vector<Host> hosts;  // without addresses
  std::chrono::seconds ttl{0};
  bool implicit = false;
};

HostFinder::HostFinder(Resolver& resolver, const std::vector<std::string>& own_names, std::uint16_t tlsa_port)
    : resolver_(resolver), tlsa_port_(tlsa_port) {
  set_own_names(own_names);
}

void HostFinder::set_own_names(const std::vector<std::string>& own_names) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (const std::string& name : own_names) {
    if (auto normalized = normalize_name(name); normalized && !normalized->empty()) names->push_back(*normalized);
  }
  std::sort(names->begin(), names->end());
  own_names_.store(std::move(names));
}

bool HostFinder::is_own(std::string_view name) const {
  const auto names = own_names_.load();
  return std::binary_search(names->begin(), names->end(), name);
}

net::Task<RouteAnswer> HostFinder::find(net::Shard& shard, std::string domain) const {
  if (!domain.empty() && domain.front() == '[') co_return from_literal(domain);
  auto name = normalize_name(domain);
  if (!name) co_return bad_domain(domain, name.error().detail);
  if (name->empty()) co_return bad_domain(domain, "the root takes no mail");

  Question question;
  question.name = *name;
  question.type = RecordType::Mx;
  auto result = co_await resolver_.lookup(shard, std::move(question));
  if (!result) {
    if (result.error().code == Errc::BadName) co_return bad_domain(domain, result.error().detail);
    co_return Deferred{describe_trouble(RecordType::Mx, *name, result.error())};
  }
  const Answer& answer = **result;
  if (is_temporary(answer.status)) co_return Deferred{describe_trouble(RecordType::Mx, *name, answer)};
  if (answer.status == Status::NxDomain) {
    co_return Invalid{InvalidClass::NoSuchDomain, fmt::format("the domain {} does not exist", *name)};
  }

  Candidates candidates;
  candidates.domain = *name;
  candidates.ttl = answer.ttl;
  if (answer.status == Status::NoData) {
    Host itself;
    itself.name = answer.canonical_name.empty() ? *name : answer.canonical_name;
    itself.secure = answer.secure;
    candidates.implicit = true;
    candidates.hosts.push_back(std::move(itself));
  } else {
    candidates.hosts = to_hosts(answer);
    if (candidates.hosts.empty()) {
      co_return Invalid{InvalidClass::NullMx, fmt::format("the domain {} takes no mail (null MX)", *name)};
    }
  }
  const auto own = std::find_if(candidates.hosts.begin(), candidates.hosts.end(),
                                [this](const Host& host) { return is_own(host.name); });
  if (own != candidates.hosts.end()) {
    const std::uint16_t preference = own->preference;
    const std::string own_name = own->name;
    std::erase_if(candidates.hosts, [&](const Host& host) { return host.preference >= preference; });
    if (candidates.hosts.empty()) {
      co_return Invalid{InvalidClass::Loop,
                        fmt::format("mail for {} loops back: its best host {} is this one", *name, own_name)};
    }
  }
  if (candidates.hosts.size() > kMaxHosts) candidates.hosts.resize(kMaxHosts);
  co_return co_await with_addresses(shard, std::move(candidates));
}

net::Task<RouteAnswer> HostFinder::with_addresses(net::Shard& shard, Candidates candidates) const {
  std::vector<Question> questions;
  for (const Host& host : candidates.hosts) {
    questions.push_back({host.name, RecordType::A});
    questions.push_back({host.name, RecordType::Aaaa});
  }
  const std::vector<Question> asked = questions;
  const auto answers = co_await resolver_.lookup_all(shard, std::move(questions));

  std::string trouble;
  bool reachable = false;
  std::vector<std::string> aliases(candidates.hosts.size());
  std::vector<bool> named;
  named.reserve(candidates.hosts.size());
  for (const Host& host : candidates.hosts) named.push_back(host.secure);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Host& host = candidates.hosts[i / 2];
    add_addresses(host, asked[i], answers[i], candidates.ttl, trouble);
    if (answers[i] && (*answers[i])->status == Status::Found) aliases[i / 2] = (*answers[i])->canonical_name;
  }
  Hosts hosts;
  std::vector<std::string_view> names;
  for (Host& host : candidates.hosts) {
    put_in_order(host.addresses);
    host.secure = host.secure && !host.addresses.empty();
    reachable = reachable || !host.addresses.empty();
    names.push_back(host.name);
  }
  if (!reachable) {
    if (!trouble.empty()) co_return Deferred{trouble};
    co_return Invalid{InvalidClass::NoHost, candidates.implicit
                                                ? fmt::format("{} has neither MX nor address", candidates.domain)
                                                : fmt::format("no MX host of {} has an address", candidates.domain)};
  }
  hosts.site = make_site(std::move(names));
  hosts.hosts = std::move(candidates.hosts);
  co_await prove_aliases(shard, hosts.hosts, aliases, std::move(named), candidates.ttl);
  co_await find_tlsa(shard, hosts.hosts, std::move(aliases), candidates.ttl);
  hosts.ttl = trouble.empty() ? candidates.ttl : std::min(candidates.ttl, kPartialTtl);
  hosts.implicit = candidates.implicit;
  co_return hosts;
}

namespace {

// What one look-up says of a host's records; Absent leaves the next name to be tried.
Tlsa to_tlsa(const Question& question, std::string base, const Result<AnswerPtr>& result) {
  Tlsa tlsa;
  if (!result || is_temporary((*result)->status)) {
    tlsa.state = Tlsa::State::Failed;
    tlsa.bogus = result && (*result)->status == Status::Bogus;
    tlsa.why = result ? describe_trouble(question.type, question.name, **result)
                      : describe_trouble(question.type, question.name, result.error());
    return tlsa;
  }
  if ((*result)->status != Status::Found || !(*result)->secure) return tlsa;
  tlsa.state = Tlsa::State::Found;
  tlsa.base = std::move(base);
  for (const Record& record : (*result)->records) tlsa.records.push_back(record.value);
  std::sort(tlsa.records.begin(), tlsa.records.end());
  return tlsa;
}

}  // namespace

// An answer counts as secure only when all that led to it is; the first step is asked for alone.
net::Task<> HostFinder::prove_aliases(net::Shard& shard, std::vector<Host>& hosts, std::vector<std::string> aliases,
                                      std::vector<bool> named, std::chrono::seconds& ttl) const {
  std::vector<Question> questions;
  std::vector<std::size_t> whose;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const bool leads_away = !aliases[i].empty() && aliases[i] != hosts[i].name;
    if (!named[i] || hosts[i].secure || hosts[i].addresses.empty() || !leads_away) continue;
    questions.push_back({hosts[i].name, RecordType::Cname});
    whose.push_back(i);
  }
  if (questions.empty()) co_return;
  const std::vector<Question> asked = questions;
  const auto answers = co_await resolver_.lookup_all(shard, std::move(questions));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Host& host = hosts[whose[i]];
    const Tlsa unknown = to_tlsa(asked[i], host.name, answers[i]);
    if (unknown.state == Tlsa::State::Failed) host.tlsa = unknown;
    host.alias_secure = unknown.state != Tlsa::State::Absent;
    if (answers[i]) ttl = std::min(ttl, unknown.state == Tlsa::State::Failed ? kPartialTtl : (*answers[i])->ttl);
  }
}

// In two rounds: the names that addresses were found under, then, where these have no records and the host was an
// alias, the host's own name.
net::Task<> HostFinder::find_tlsa(net::Shard& shard, std::vector<Host>& hosts, std::vector<std::string> aliases,
                                  std::chrono::seconds& ttl) const {
  for (int round = 0; round < 2; ++round) {
    std::vector<Question> questions;
    std::vector<std::size_t> whose;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const bool is_alias = !aliases[i].empty() && aliases[i] != hosts[i].name;
      const bool own_name_only = hosts[i].alias_secure;
      if (!(hosts[i].secure || own_name_only) || hosts[i].tlsa.state != Tlsa::State::Absent) continue;
      if (round == 0 ? own_name_only : !is_alias) continue;
      const std::string& base = round == 0 && is_alias ? aliases[i] : hosts[i].name;
      questions.push_back({fmt::format("_{}._tcp.{}", tlsa_port_.load(), base), RecordType::Tlsa});
      whose.push_back(i);
    }
    const std::vector<Question> asked = questions;
    const auto answers = co_await resolver_.lookup_all(shard, std::move(questions));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Host& host = hosts[whose[i]];
      host.tlsa =
          to_tlsa(asked[i], round == 0 && !aliases[whose[i]].empty() ? aliases[whose[i]] : host.name, answers[i]);
      if (answers[i]) ttl = std::min(ttl, host.tlsa.state == Tlsa::State::Failed ? kPartialTtl : (*answers[i])->ttl);
    }
  }
}

}  // namespace penstock::dns
