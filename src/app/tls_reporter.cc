// SPDX-License-Identifier: Apache-2.0
#include "app/tls_reporter.h"

#include <fmt/format.h>

#include "base/log.h"
#include "http/client.h"
#include "model/envelope.h"
#include "tlsrpt/gzip.h"
#include "tlsrpt/report.h"

namespace penstock::app {
namespace {

constexpr std::string_view kMailto = "mailto:";
constexpr Duration kPostStep{std::chrono::seconds{10}};
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

metrics::Counter& counter(metrics::Registry& registry, const char* result) {
  return registry.counter("penstock_tls_reports_total", "Reports of TLS to recipient domains (RFC 8460)",
                          {{"result", result}});
}

tlsrpt::Report to_report(tlsrpt::Due due, const config::Config& config) {
  tlsrpt::Report report;
  report.id = fmt::format("{}.{}@{}", tlsrpt::day_text(due.day), due.domain, config.node.name);
  report.domain = std::move(due.domain);
  report.day = due.day;
  report.organization = config.tls_report.organization;
  report.contact = config.tls_report.contact;
  report.policies = std::move(due.policies);
  return report;
}

}  // namespace

TlsReporter::TlsReporter(Parts parts, Configuration configuration)
    : parts_(std::move(parts)),
      configuration_(std::move(configuration)),
      sent_(counter(parts_.metrics, "sent")),
      failed_(counter(parts_.metrics, "failed")),
      given_up_(counter(parts_.metrics, "given_up")) {}

net::Task<> TlsReporter::run_once(net::Shard& shard) {
  const auto config = configuration_();
  if (running_ || !config->tls_report.enabled()) co_return;
  running_ = true;
  tlsrpt::Collector& collector = parts_.collector;
  auto due = co_await parts_.readers.run([&collector] { return collector.due(); });
  if (!due) {
    log::warn("tls-report", "what is due cannot be read: {}", due.error().to_string());
    running_ = false;
    co_return;
  }
  for (tlsrpt::Due& one : *due) {
    tlsrpt::Due kept = one;
    kept.policies.clear();
    const bool sent = co_await send(shard, std::move(one), config);
    if (sent) {
      sent_.add();
      collector.finish(kept);
      continue;
    }
    failed_.add();
    if (kept.attempts + 1 < kAttempts) {
      collector.retry(kept, kRetry);
      continue;
    }
    given_up_.add();
    log::warn("tls-report", "the report for {} of {} is given up", kept.domain, tlsrpt::day_text(kept.day));
    collector.finish(kept);
  }
  running_ = false;
}

net::Task<bool> TlsReporter::send(net::Shard& shard, tlsrpt::Due due, std::shared_ptr<const config::Config> config) {
  const std::vector<std::string> addresses = due.addresses;
  const tlsrpt::Report report = to_report(std::move(due), *config);
  const std::string packed = tlsrpt::gzip(tlsrpt::to_json(report));
  bool any = false;
  for (const std::string& address : addresses) {
    bool taken = false;
    if (address.starts_with(kMailto)) {
      taken = co_await mail(shard, report, packed, address.substr(kMailto.size()), config);
    } else {
      taken = co_await post(shard, address, packed, config->tls.private_hosts);
    }
    any = any || taken;
    log::info("tls-report", "the report for {} of {} {} {}", report.domain, tlsrpt::day_text(report.day),
              taken ? "goes to" : "was not taken by", address);
  }
  co_return any;
}

net::Task<bool> TlsReporter::mail(net::Shard& shard, const tlsrpt::Report& report, const std::string& packed,
                                  std::string to, std::shared_ptr<const config::Config> config) {
  const std::string& contact = config->tls_report.contact;
  const tlsrpt::ReportMail about{contact, to, model::domain_of(contact), parts_.clock.wall()};
  auto body = std::make_shared<const std::string>(tlsrpt::to_mail(report, packed, about));
  const std::size_t at = to.rfind('@');
  model::Envelope envelope;
  envelope.id = parts_.spool.make_id();
  envelope.sender = contact;
  envelope.labels.stream = config->tls_report.stream;
  envelope.received = parts_.clock.wall();
  envelope.peer = "internal";
  envelope.tls = model::TlsWish::Optional;
  envelope.body_bytes = body->size();
  envelope.recipients.push_back({to.substr(0, at + 1) + model::domain_of(to), "", model::kNotifyNever});
  const auto stored = co_await ingest::store(parts_.spool, parts_.port, envelope, std::move(body));
  if (!stored) {
    log::warn("tls-report", "a report to {} cannot be stored: {}", to, stored.error().to_string());
    co_return false;
  }
  parts_.handover.accepted(shard.index(), envelope);
  co_return true;
}

net::Task<bool> TlsReporter::post(net::Shard& shard, std::string url, const std::string& packed, bool private_hosts) {
  const auto where = tlspolicy::parse_https_url(url);
  if (!where) co_return false;
  std::vector<dns::Question> questions{{where->host, dns::RecordType::A}, {where->host, dns::RecordType::Aaaa}};
  const auto answers = co_await parts_.resolver.lookup_all(shard, std::move(questions));
  for (const auto& answer : answers) {
    if (!answer || (*answer)->status != dns::Status::Found) continue;
    const std::string& text = (*answer)->records.front().value;
    const auto address = IpAddress::parse(text);
    const auto endpoint = net::make_endpoint(text, where->port);
    if (!address || !endpoint) continue;
    // Who publishes the record is a stranger, and may name any address.
    if (!private_hosts && !address->is_public()) {
      log::info("tls-report", "{}: {} is no public address (tls.private_hosts)", url, text);
      continue;
    }
    http::ClientOptions options;
    options.tls = parts_.tls;
    options.connect_timeout = options.answer_timeout = options.whole_timeout = kPostStep;
    options.body_bytes_max = kAnswerBytesMax;
    const std::string host = where->port == 443 ? where->host : fmt::format("{}:{}", where->host, where->port);
    http::Client client(shard, *endpoint, host, options);
    http::Request request;
    request.method = http::Method::Post;
    request.target = where->target;
    request.fields.add("Content-Type", "application/tlsrpt+gzip");
    request.body = packed;
    auto taken = co_await client.send(std::move(request));
    if (taken && taken->status / 100 == 2) co_return true;
    log::info("tls-report", "{}: {}", url,
              taken ? fmt::format("answers {}", taken->status) : taken.error().to_string());
  }
  co_return false;
}

}  // namespace penstock::app
