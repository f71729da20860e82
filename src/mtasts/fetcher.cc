// SPDX-License-Identifier: Apache-2.0
#include "mtasts/fetcher.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/ip_network.h"
#include "http/client.h"
#include "http/errc.h"

namespace penstock::mtasts {
namespace {

constexpr std::string_view kFetch = "sts-policy-fetch-error";
constexpr std::string_view kInvalid = "sts-policy-invalid";
constexpr std::string_view kCertificate = "sts-webpki-invalid";

tl::unexpected<FetchTrouble> trouble(std::string_view kind, std::string words) {
  return tl::unexpected(FetchTrouble{kind, std::move(words)});
}

// §3.3: text/plain, whatever its parameters.
bool is_plain(std::string_view content_type) {
  return ascii::equal_ignoring_case(ascii::trim(content_type.substr(0, content_type.find(';'))), "text/plain");
}

FetchResult read_answer(http::Response& answer) {
  if (answer.status != 200) return trouble(kFetch, fmt::format("the policy host answers {}", answer.status));
  if (!is_plain(answer.content_type)) return trouble(kInvalid, "the policy is not text/plain");
  auto policy = tlspolicy::parse_sts_policy(answer.body);
  if (!policy) return trouble(kInvalid, "the policy cannot be read: " + policy.error());
  return Fetched{std::move(answer.body), std::move(*policy)};
}

}  // namespace

net::Task<FetchResult> Fetcher::fetch(net::Shard& shard, std::string domain) {
  const std::string host = "mta-sts." + domain;
  std::vector<dns::Question> questions{{host, dns::RecordType::A}, {host, dns::RecordType::Aaaa}};
  const auto answers = co_await resolver_.lookup_all(shard, std::move(questions));
  std::vector<std::string> addresses;
  bool passed_over = false;
  for (const auto& answer : answers) {
    if (!answer || (*answer)->status != dns::Status::Found) continue;
    for (const dns::Record& record : (*answer)->records) {
      const auto address = IpAddress::parse(record.value);
      const bool asked = options_.private_hosts || (address && address->is_public());
      passed_over = passed_over || !asked;
      if (asked) addresses.push_back(record.value);
    }
  }
  if (addresses.empty() && passed_over) {
    co_return trouble(kFetch, fmt::format("{} has no public address (tls.private_hosts)", host));
  }
  if (addresses.empty()) co_return trouble(kFetch, fmt::format("no address of {} is found", host));
  if (addresses.size() > kAddresses) addresses.resize(kAddresses);
  FetchResult got;
  for (const std::string& address : addresses) {
    got = co_await ask(shard, host, address);
    if (got || got.error().kind == kInvalid) break;
  }
  co_return got;
}

net::Task<FetchResult> Fetcher::ask(net::Shard& shard, std::string host, std::string address) {
  const auto endpoint = net::make_endpoint(address, options_.port);
  if (!endpoint) co_return trouble(kFetch, "not an address: " + address);
  http::ClientOptions options;
  options.tls = options_.tls;
  options.connect_timeout = options_.timeout / 4;
  options.answer_timeout = options_.timeout / 4;
  options.whole_timeout = options_.timeout / 4;
  options.header_bytes_max = 16 * 1024;
  options.body_bytes_max = tlspolicy::StsPolicy::kPolicyBytesMax;
  http::Client client(shard, *endpoint, host, options);
  http::Request request;
  request.method = http::Method::Get;
  request.target = "/.well-known/mta-sts.txt";
  request.fields.add("User-Agent", "Penstock");
  auto answer = co_await client.send(std::move(request));
  if (answer) co_return read_answer(*answer);
  const bool certificate = answer.error() == make_error_code(http::Errc::NotTrusted);
  co_return trouble(certificate ? kCertificate : kFetch, fmt::format("{}: {}", host, answer.error().to_string()));
}

}  // namespace penstock::mtasts
