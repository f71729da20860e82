// SPDX-License-Identifier: Apache-2.0
#include "ingest/report_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/test/one_pool.h"
#include "ingest/admission.h"

namespace penstock::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kStreams = R"([[stream]]
name = "news"
pool = "main"
return_path = "b+{ref}@bounces.example.com"
cfbl_address = "fbl@example.com"
[[stream]]
name = "receipts"
pool = "main"
reference_header = true
[[stream]]
name = "plain"
pool = "main"
)";

class ReportFieldsTest : public ::testing::Test {
 protected:
  ReportFieldsTest() : plan_(config::load_text(config::with_one_pool(kStreams), "/p/penstock.toml").config) {}

  [[nodiscard]] ReportFields of(const std::string& stream) const {
    model::Envelope envelope;
    envelope.labels.stream = stream;
    return report_fields(plan_, envelope);
  }

  Plan plan_;
};

TEST_F(ReportFieldsTest, StreamsSayWhatTheyWant) {
  EXPECT_EQ(of("news").added, "CFBL-Address: fbl@example.com; report=arf\r\n");
  EXPECT_TRUE(of("news").refers);
  EXPECT_EQ(of("receipts").added, "");
  EXPECT_TRUE(of("receipts").replaces("x-penstock-ref"));
  EXPECT_FALSE(of("receipts").replaces("cfbl-address"));
  EXPECT_FALSE(of("plain").any());
  EXPECT_FALSE(of("gone").any());
}

TEST_F(ReportFieldsTest, FieldsThatCameWithTheMessageGiveWayAndTheSenderStays) {
  Submission submission;
  submission.envelope.sender = "news@shop.example";
  submission.envelope.recipients = {{"anna@example.net", "", 0}};
  submission.listener = "in";
  submission.default_stream = "news";
  submission.message =
      "From: a@shop.example\r\nX-Penstock-Ref: stale\r\nCFBL-Address: other@example.org\r\nX-Other: "
      "kept\r\n\r\nhello\r\n";
  const auto admitted = admit(plan_, submission, model::MessageId{77}, Time{std::chrono::seconds{1'800'000'000}});
  ASSERT_TRUE(admitted);
  EXPECT_THAT(*admitted->body, Not(HasSubstr("stale")));
  EXPECT_THAT(*admitted->body, Not(HasSubstr("other@example.org")));
  EXPECT_THAT(*admitted->body, HasSubstr("X-Other: kept"));
  EXPECT_THAT(*admitted->body, HasSubstr("CFBL-Address: fbl@example.com"));
  EXPECT_EQ(admitted->envelope.sender, "news@shop.example");
}

}  // namespace
}  // namespace penstock::ingest
