// SPDX-License-Identifier: Apache-2.0
#include "ingest/reference_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "feedback/reference.h"
#include "ingest/admission.h"
#include "ingest/test/one_pool.h"

namespace penstock::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

feedback::ReferenceKey key() {
  feedback::ReferenceKey key;
  key.fill(1);
  return key;
}

class ReferenceMarkTest : public ::testing::Test {
 protected:
  ReferenceMarkTest() : plan_(config::load_text(with_one_pool(kStreams), "/p/penstock.toml").config, key()) {
    envelope_.id = model::MessageId{77};
    envelope_.sender = "news@shop.example";
    envelope_.labels.stream = "news";
    envelope_.recipients = {{"anna@example.net", "", 0}};
  }
  static std::optional<feedback::Reference> reference_in(const std::string& text) {
    const auto candidates = feedback::reference_candidates(text);
    feedback::ReferenceKeys keys{key(), {}};
    return candidates.empty() ? std::nullopt : feedback::verify_reference(keys, candidates.front());
  }

  Plan plan_;
  model::Envelope envelope_;
};

TEST_F(ReferenceMarkTest, ReturnPathAndHeaderNameTheRecipient) {
  const ReferenceMark mark = mark_with_reference(plan_, envelope_);
  EXPECT_THAT(envelope_.sender, StartsWith("b+"));
  EXPECT_THAT(envelope_.sender, HasSubstr("@bounces.example.com"));
  EXPECT_LE(envelope_.sender.find('@'), 64U);
  for (const std::string& text : {envelope_.sender, mark.added}) {
    const auto reference = reference_in(text);
    ASSERT_TRUE(reference) << text;
    EXPECT_EQ(reference->recipient, (model::RecipientId{model::MessageId{77}, 0}));
    EXPECT_TRUE(reference->names("anna@example.net"));
    EXPECT_TRUE(reference->is_of_stream("news"));
  }
  EXPECT_THAT(mark.added, HasSubstr("CFBL-Address: fbl@example.com; report=arf\r\n"));
}

TEST_F(ReferenceMarkTest, SeveralRecipientsShareAReferenceToTheMessage) {
  envelope_.recipients.push_back({"bob@example.net", "", 0});
  (void)mark_with_reference(plan_, envelope_);
  const auto reference = reference_in(envelope_.sender);
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->recipient.index, feedback::kWholeMessage);
  EXPECT_FALSE(reference->names("anna@example.net"));
}

TEST_F(ReferenceMarkTest, NullSenderStaysNull) {
  envelope_.sender = "";
  const ReferenceMark mark = mark_with_reference(plan_, envelope_);
  EXPECT_EQ(envelope_.sender, "");
  EXPECT_TRUE(reference_in(mark.added));
}

TEST_F(ReferenceMarkTest, StreamsSayWhatTheyWant) {
  envelope_.labels.stream = "receipts";
  EXPECT_TRUE(reference_in(mark_with_reference(plan_, envelope_).added));
  EXPECT_EQ(envelope_.sender, "news@shop.example");
  envelope_.labels.stream = "plain";
  EXPECT_EQ(mark_with_reference(plan_, envelope_).added, "");
}

TEST_F(ReferenceMarkTest, FieldsThatCameWithTheMessageGiveWay) {
  Submission submission;
  submission.envelope = envelope_;
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
  EXPECT_TRUE(reference_in(*admitted->body));
}

}  // namespace
}  // namespace penstock::ingest
