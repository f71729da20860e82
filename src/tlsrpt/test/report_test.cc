// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tlsrpt/gzip.h"

namespace penstock::tlsrpt {
namespace {

namespace json = boost::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr std::int64_t kDay = 20'000;  // 2024-10-04

Report make_report() {
  Report report;
  report.domain = "example.com";
  report.day = kDay;
  report.organization = "Sender \"Inc\"";
  report.contact = "tls@sender.example";
  report.id = "2024-10-04.example.com@mta1.sender.example";
  PolicyResult sts;
  sts.policy = {PolicyType::Sts, {"version: STSv1", "mode: testing"}, {"*.example.com"}};
  sts.successful = 12;
  sts.failures.push_back({{"certificate-expired", "192.0.2.1", "mx.example.com", "192.0.2.9", "too old"}, 3});
  sts.failures.push_back({{"validation-failure", "", "", "", ""}, 1});
  report.policies.push_back(sts);
  report.policies.push_back({{PolicyType::None, {}, {}}, 5, {}});
  return report;
}

std::string unpack(const std::string& packed) {
  std::string text(100'000, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(TlsReport, HasTheMembersOfTheStandard) {
  const json::value all = json::parse(to_json(make_report()));
  const auto at = [&](const char* pointer) { return json::serialize(all.at_pointer(pointer)); };
  EXPECT_EQ(at("/organization-name"), "\"Sender \\\"Inc\\\"\"");
  EXPECT_EQ(at("/date-range/start-datetime"), "\"2024-10-04T00:00:00Z\"");
  EXPECT_EQ(at("/date-range/end-datetime"), "\"2024-10-04T23:59:59Z\"");
  EXPECT_EQ(at("/contact-info"), "\"tls@sender.example\"");
  EXPECT_EQ(at("/policies/0/policy/policy-type"), "\"sts\"");
  EXPECT_EQ(at("/policies/0/policy/policy-domain"), "\"example.com\"");
  EXPECT_EQ(at("/policies/0/policy/mx-host/0"), "\"*.example.com\"");
  EXPECT_EQ(at("/policies/0/policy/policy-string/1"), "\"mode: testing\"");
  EXPECT_EQ(at("/policies/0/summary/total-successful-session-count"), "12");
  EXPECT_EQ(at("/policies/0/summary/total-failure-session-count"), "4");
  EXPECT_EQ(at("/policies/0/failure-details/0"),
            R"({"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1",)"
            R"("receiving-mx-hostname":"mx.example.com","receiving-ip":"192.0.2.9","failed-session-count":3,)"
            R"("failure-reason-code":"too old"})");
  EXPECT_EQ(at("/policies/0/failure-details/1"), R"({"result-type":"validation-failure","failed-session-count":1})");
  EXPECT_EQ(at("/policies/1/policy/policy-type"), "\"no-policy-found\"");
}

TEST(TlsReport, MailHasItsMediaTypeAndFileName) {
  const Report report = make_report();
  const std::string packed = gzip(to_json(report));
  EXPECT_EQ(unpack(packed), to_json(report));
  const ReportMail mail{"tls@sender.example", "reports@example.com", "sender.example",
                        Time{std::chrono::days{kDay + 1}}};
  const std::string text = to_mail(report, packed, mail);
  EXPECT_THAT(text, HasSubstr("Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: application/tlsrpt+gzip\r\n"));
  EXPECT_THAT(text, HasSubstr("sender.example!example.com!1728000000!1728086399!001.json.gz"));
  EXPECT_THAT(text, HasSubstr("TLS-Report-Domain: example.com\r\nTLS-Report-Submitter: sender.example\r\n"));
  EXPECT_THAT(text, HasSubstr("Subject: Report Domain: example.com\r\n Submitter: sender.example\r\n Report-ID: <"));
  EXPECT_THAT(text, HasSubstr("TLS-Required: No\r\n"));
  EXPECT_THAT(text, EndsWith("--\r\n"));
  for (std::size_t at = 0, end = 0; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2) {
    EXPECT_LE(end - at, 200U);
  }
}

TEST(TlsReport, DaysAreThoseOfUtc) {
  EXPECT_EQ(day_of(Time{std::chrono::days{kDay} + std::chrono::seconds{86'399}}), kDay);
  EXPECT_EQ(day_of(Time{std::chrono::days{kDay + 1}}), kDay + 1);
  EXPECT_EQ(day_text(kDay), "2024-10-04");
}

}  // namespace
}  // namespace penstock::tlsrpt
