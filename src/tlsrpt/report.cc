// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "mime/date.h"

namespace penstock::tlsrpt {
namespace {

namespace json = boost::json;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::size_t kBase64Line = 57;  // bytes of data in a line of 76 characters

json::array to_array(const std::vector<std::string>& texts) {
  json::array all;
  for (const std::string& text : texts) all.emplace_back(text);
  return all;
}

void add(json::object& to, std::string_view name, std::string_view value) {
  if (!value.empty()) to[name] = value;
}

json::object to_json(const FailureCount& count) {
  json::object all;
  add(all, "result-type", count.failure.result_type);
  add(all, "sending-mta-ip", count.failure.sending_ip);
  add(all, "receiving-mx-hostname", count.failure.receiving_host);
  add(all, "receiving-ip", count.failure.receiving_ip);
  all["failed-session-count"] = count.sessions;
  add(all, "failure-reason-code", count.failure.reason);
  return all;
}

json::object to_json(const PolicyResult& result, const std::string& domain) {
  json::object policy;
  policy["policy-type"] = to_string(result.policy.type);
  if (!result.policy.strings.empty()) policy["policy-string"] = to_array(result.policy.strings);
  policy["policy-domain"] = domain;
  if (!result.policy.mx_hosts.empty()) policy["mx-host"] = to_array(result.policy.mx_hosts);
  std::uint64_t failed = 0;
  json::array details;
  for (const FailureCount& failure : result.failures) {
    failed += failure.sessions;
    details.push_back(to_json(failure));
  }
  json::object all;
  all["policy"] = std::move(policy);
  all["summary"] =
      json::object{{"total-successful-session-count", result.successful}, {"total-failure-session-count", failed}};
  if (!details.empty()) all["failure-details"] = std::move(details);
  return all;
}

std::string base64(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kBase64Line);
    bytes.remove_prefix(part.size());
    unsigned char line[80];
    const int size =
        EVP_EncodeBlock(line, reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
    text.append(reinterpret_cast<const char*>(line), static_cast<std::size_t>(size));
    text += "\r\n";
  }
  return text;
}

}  // namespace

std::string day_text(std::int64_t day) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(day * kDaySeconds)));
}

std::int64_t day_of(Time wall) {
  return std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count() / kDaySeconds;
}

std::string to_json(const Report& report) {
  json::object all;
  all["organization-name"] = report.organization;
  const std::string day = day_text(report.day);
  all["date-range"] = json::object{{"start-datetime", day + "T00:00:00Z"}, {"end-datetime", day + "T23:59:59Z"}};
  all["contact-info"] = report.contact;
  all["report-id"] = report.id;
  json::array policies;
  for (const PolicyResult& result : report.policies) policies.push_back(to_json(result, report.domain));
  all["policies"] = std::move(policies);
  return json::serialize(all);
}

std::string file_name(const Report& report, std::string_view submitter) {
  const std::int64_t begin = report.day * kDaySeconds;
  return fmt::format("{}!{}!{}!{}!001.json.gz", submitter, report.domain, begin, begin + kDaySeconds - 1);
}

std::string to_mail(const Report& report, std::string_view packed, const ReportMail& mail) {
  const std::string boundary = fmt::format("tlsrpt-{}-{}", report.day, std::hash<std::string>()(report.id));
  std::string text;
  const auto line = [&text](const std::string& words) { text.append(words).append("\r\n"); };
  line(fmt::format("From: <{}>", mail.from));
  line(fmt::format("To: <{}>", mail.to));
  line("Date: " + mime::format_date(mail.date));
  line(fmt::format("Message-ID: <{}>", report.id));
  line(fmt::format("Subject: Report Domain: {}\r\n Submitter: {}\r\n Report-ID: <{}>", report.domain, mail.submitter,
                   report.id));
  line("TLS-Report-Domain: " + report.domain);
  line("TLS-Report-Submitter: " + mail.submitter);
  // Trouble with TLS is what it tells of (RFC 8460 §3, RFC 8689 §3).
  line("TLS-Required: No");
  line("Auto-Submitted: auto-generated");
  line("MIME-Version: 1.0");
  line(fmt::format("Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"{}\"", boundary));
  line("");
  line("--" + boundary);
  line("Content-Type: text/plain; charset=us-ascii\r\n");
  line(fmt::format("This is an aggregate report about TLS of mail that {} sent to\r\n{} on {} (UTC).", mail.submitter,
                   report.domain, day_text(report.day)));
  line("");
  line("--" + boundary);
  line("Content-Type: application/tlsrpt+gzip");
  line("Content-Transfer-Encoding: base64");
  line(fmt::format("Content-Disposition: attachment;\r\n filename=\"{}\"\r\n", file_name(report, mail.submitter)));
  text += base64(packed);
  line("--" + boundary + "--");
  return text;
}

}  // namespace penstock::tlsrpt
