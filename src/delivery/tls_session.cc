// SPDX-License-Identifier: Apache-2.0
#include "delivery/tls_session.h"

#include <fmt/format.h>

namespace penstock::delivery {
namespace {

constexpr std::size_t kReasonBytes = 200;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

std::string record_text(const net::TlsaData& record) {
  std::string text = fmt::format("{} {} {} ", record.usage, record.selector, record.matching);
  for (const char byte : record.bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// Why the session is no success under its policy; empty when it is one.
std::string shortcoming(const SessionFacts& facts, const tlsrpt::Policy& policy, const mtasts::Verdict* sts) {
  if (!facts.failure.empty()) return facts.failure;
  if (!facts.is_tls) return "STARTTLS was not used";
  if (policy.type != tlsrpt::PolicyType::Sts) return {};
  // In mode testing nothing has followed from these.
  if (!sts->policy->policy.allows(facts.host)) return "the policy does not list the host";
  return facts.verified == "yes" ? "" : facts.verified.empty() ? "no certificate" : facts.verified;
}

}  // namespace

tlsrpt::Policy policy_of(const HostTls& tls, const mtasts::Verdict* sts) {
  tlsrpt::Policy policy;
  if (tls.policy.starts_with("dane")) {
    policy.type = tlsrpt::PolicyType::Tlsa;
    for (const net::TlsaData& record : tls.tlsa) policy.strings.push_back(record_text(record));
  } else if (sts != nullptr && sts->policy && sts->policy->policy.mode != tlspolicy::StsMode::None) {
    policy.type = tlsrpt::PolicyType::Sts;
    policy.strings = lines_of(sts->policy->text);
    policy.mx_hosts = sts->policy->policy.hosts;
  }
  return policy;
}

void report_session(tlsrpt::Collector& reports, std::string_view domain, const mtasts::Verdict* sts,
                    const SessionFacts& facts) {
  const tlsrpt::Policy policy = policy_of(*facts.tls, sts);
  tlsrpt::Failure failure;
  failure.reason = shortcoming(facts, policy, sts).substr(0, kReasonBytes);
  if (!failure.reason.empty()) {
    failure.result_type =
        facts.tls->refusal_kind.empty() ? tlsrpt::result_type_of(failure.reason, policy.type) : facts.tls->refusal_kind;
    failure.sending_ip = facts.source;
    failure.receiving_host = facts.host;
    failure.receiving_ip = facts.address;
  }
  reports.count(domain, policy, failure);
  if (sts == nullptr || sts->trouble_kind.empty()) return;
  tlsrpt::Failure fetching;
  fetching.result_type = sts->trouble_kind;
  fetching.reason = sts->trouble.substr(0, kReasonBytes);
  reports.count(domain, {tlsrpt::PolicyType::Sts, {}, {}}, fetching);
}

}  // namespace penstock::delivery
