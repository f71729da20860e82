// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/report_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::tlspolicy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Way = ReportAddress::Way;

std::vector<ReportAddress> parse(std::vector<std::string> txts) {
  return parse_report_record(txts);
}

TEST(ReportRecord, MailAndHttpsAreRead) {
  EXPECT_THAT(parse({"v=TLSRPTv1;rua=mailto:reports@example.com"}),
              ElementsAre(ReportAddress{Way::Mail, "reports@example.com"}));
  EXPECT_THAT(parse({"unrelated", "v=TLSRPTv1; rua=https://r.example.com/v1/tls , mailto:a%2Bb@example.com?x=1;"}),
              ElementsAre(ReportAddress{Way::Https, "https://r.example.com/v1/tls"},
                          ReportAddress{Way::Mail, "a+b@example.com"}));
}

TEST(ReportRecord, OtherRecordsAreNone) {
  const std::string good = "v=TLSRPTv1;rua=mailto:a@b.example";
  for (const std::vector<std::string>& txts : {std::vector<std::string>{},
                                               {"v=TLSRPTv2;rua=mailto:a@b.example"},
                                               {"v=TLSRPTv1"},
                                               {"v=TLSRPTv1;rua="},
                                               {good, good},
                                               {"v=TLSRPTv1;rua=mailto:a@b.example;rua=mailto:c@b.example"},
                                               {"rua=mailto:a@b.example"}}) {
    EXPECT_THAT(parse(txts), IsEmpty());
  }
}

TEST(ReportRecord, AddressesThatCouldSayMoreThanAnAddressArePassedOver) {
  for (const char* uri :
       {"mailto:a", "mailto:@b.example", "mailto:a@", "mailto:a%0D%0Ab@c.example", "mailto:a%2@b.example",
        "mailto:a@b@c.example", "mailto:%22a%22@b.example", "mailto:a@[192.0.2.1]", "http://b.example/",
        "ftp://b.example/", "https://", "https://b.example:0/", "https://b.example:99999/", "https://user@b.example/",
        "https://b.example/\r\nx"}) {
    EXPECT_THAT(parse({std::string("v=TLSRPTv1;rua=") + uri}), IsEmpty()) << uri;
  }
}

TEST(ReportRecord, TooManyAddressesAreCut) {
  std::string record = "v=TLSRPTv1;rua=";
  for (int i = 0; i < 20; ++i) record += "mailto:a" + std::to_string(i) + "@b.example,";
  EXPECT_EQ(parse({record}).size(), kAddressesMax);
}

TEST(HttpsUrl, PartsAreFound) {
  const auto url = parse_https_url("HTTPS://R.Example.com:8443/v1/tls?x=1#part");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "r.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/v1/tls?x=1");
  EXPECT_EQ(parse_https_url("https://r.example.com")->target, "/");
  EXPECT_EQ(parse_https_url("https://r.example.com?x")->target, "/?x");
}

}  // namespace
}  // namespace penstock::tlspolicy
