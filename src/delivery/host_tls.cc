// SPDX-License-Identifier: Apache-2.0
#include "delivery/host_tls.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "tlspolicy/tlsa.h"

namespace penstock::delivery {
namespace {

using tlspolicy::DaneAction;
using tlspolicy::StsMode;

tlspolicy::DaneDecision decide(const dns::Host& host) {
  tlspolicy::TlsaAnswer answer;
  answer.address_secure = host.secure || host.alias_secure;
  std::vector<tlspolicy::Tlsa> records;
  switch (host.tlsa.state) {
    case dns::Tlsa::State::Absent: answer.security = tlspolicy::TlsaSecurity::Insecure; break;
    case dns::Tlsa::State::Failed: answer.security = tlspolicy::TlsaSecurity::Failed; break;
    case dns::Tlsa::State::Found: answer.security = tlspolicy::TlsaSecurity::Secure; break;
  }
  for (const std::string& wire : host.tlsa.records) {
    if (auto record = tlspolicy::parse_tlsa(wire)) records.push_back(std::move(*record));
  }
  return tlspolicy::decide_dane(answer, records);
}

void refuse(HostTls& to, std::string_view policy, std::string_view kind, std::string why) {
  to.policy = policy;
  to.refusal_kind = kind;
  to.refusal = std::move(why);
}

// A trust anchor may vouch for the domain's name too (RFC 7672 §3.2.2); a record of the certificate itself needs no
// name.
void use_records(HostTls& to, const dns::Host& host, std::string_view domain,
                 const std::vector<tlspolicy::Tlsa>& usable) {
  to.level = TlsLevel::Verify;
  to.policy = "dane";
  to.name = host.tlsa.base;
  bool anchors = false;
  for (const tlspolicy::Tlsa& record : usable) {
    to.tlsa.push_back({record.usage, record.selector, record.matching, record.bytes});
    anchors = anchors || record.usage == 2;
  }
  if (!anchors) return;
  if (host.name != host.tlsa.base) to.more_names.push_back(host.name);
  to.more_names.emplace_back(domain);
}

// True when DANE has decided for this host.
bool apply_dane(HostTls& to, const dns::Host& host, std::string_view domain) {
  const tlspolicy::DaneDecision decision = decide(host);
  switch (decision.action) {
    case DaneAction::None: return false;
    case DaneAction::Defer:
      refuse(to, "dane", host.tlsa.bogus ? "dnssec-invalid" : "tlsa-invalid", host.tlsa.why);
      return true;
    case DaneAction::Encrypt:
      if (to.level >= TlsLevel::Require) return false;
      to.level = TlsLevel::Require;
      to.policy = "dane-unusable";
      return false;
    case DaneAction::Require: use_records(to, host, domain, decision.usable); return true;
  }
  PENSTOCK_UNREACHABLE();
}

void apply_sts(HostTls& to, const dns::Host& host, const tlspolicy::StsPolicy* policy) {
  if (policy == nullptr || policy->mode == StsMode::None) return;
  if (policy->mode == StsMode::Testing) {
    if (to.level == TlsLevel::Opportunistic) to.policy = "mta-sts-testing";
    return;
  }
  to.level = TlsLevel::Verify;
  to.policy = "mta-sts";
  if (!policy->allows(host.name)) {
    refuse(to, "mta-sts", "validation-failure",
           fmt::format("the domain's MTA-STS policy does not list the host {}", host.name));
  }
}

// The way to the host must be proven, and then the host itself (RFC 8689 §4.2.1).
void apply_require_tls(HostTls& to, bool proven) {
  to.announces_require_tls = true;
  if (!proven && to.refusal.empty()) {
    refuse(to, "requiretls", "validation-failure",
           "neither DNSSEC nor MTA-STS proves that the host takes mail for the domain");
  }
  to.level = TlsLevel::Verify;
  if (to.policy != "dane" && to.policy != "mta-sts") to.policy = "requiretls";
}

void append(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

}  // namespace

HostTls plain_tls(TlsLevel level) {
  HostTls plain;
  plain.level = level;
  plain.policy = to_string(level);
  return plain;
}

HostTls required_tls() {
  HostTls required = plain_tls(TlsLevel::Verify);
  apply_require_tls(required, true);
  return required;
}

std::vector<HostTls> decide_tls(const TlsAsked& asked, const dns::Hosts& hosts, std::string_view domain,
                                const tlspolicy::StsPolicy* policy) {
  if (asked.wish == model::TlsWish::Optional) return {};
  if (asked.level == TlsLevel::None && asked.wish != model::TlsWish::Required) return {};
  std::vector<HostTls> all;
  bool special = false;
  for (const dns::Host& host : hosts.hosts) {
    HostTls one = plain_tls(asked.level);
    const bool by_dane = asked.dane && apply_dane(one, host, domain);
    if (!by_dane) apply_sts(one, host, policy);
    if (asked.wish == model::TlsWish::Required) {
      const bool listed = policy != nullptr && policy->mode != StsMode::None && policy->allows(host.name);
      apply_require_tls(one, host.secure || listed);
    }
    special = special || one.policy != to_string(asked.level);
    all.push_back(std::move(one));
  }
  if (!special) all.clear();
  return all;
}

std::string lane_of(const std::vector<HostTls>& per_host) {
  std::string key;
  for (const HostTls& one : per_host) {
    append(key, to_string(one.level));
    append(key, one.policy);
    append(key, one.name);
    append(key, one.refusal);
    append(key, one.announces_require_tls ? "1" : "0");
    append(key, std::to_string(one.more_names.size()));
    for (const std::string& name : one.more_names) append(key, name);
    for (const net::TlsaData& record : one.tlsa) {
      append(key, fmt::format("{} {} {}", record.usage, record.selector, record.matching));
      append(key, record.bytes);
    }
    key += ';';
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  PENSTOCK_CHECK(EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace penstock::delivery
