// SPDX-License-Identifier: Apache-2.0
#include "ingest/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/test/one_pool.h"
#include "mime/labels.h"

namespace penstock::ingest {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kHeadersAndStreams = R"([headers]
remove = ["X-Internal", "X-Secret"]
[[stream]]
name = "news"
pool = "main"
tenant = "newsroom"
match = { sender = ["@news.example"] }
[[stream]]
name = "urgent"
pool = "main"
[[stream]]
name = "default"
pool = "main"
)";
constexpr const char* kComplete =
    "From: a@shop.example\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n";

class AdmissionTest : public ::testing::Test {
 protected:
  explicit AdmissionTest(const std::string& config = config::with_one_pool(kHeadersAndStreams))
      : plan_(config::load_text(config, "/p/penstock.toml").config) {
    submission_.envelope.sender = "a@shop.example";
    submission_.envelope.recipients = {{"b@one.example", "", 0}};
    submission_.listener = "in";
    submission_.host = "mx.mta1.example";
    submission_.client_name = "client.example";
    submission_.client_address = "192.0.2.9";
    submission_.protocol = "ESMTP";
  }
  tl::expected<Admitted, model::Reply> try_admit(const std::string& message) {
    Submission submission = submission_;
    submission.message = message;
    return admit(plan_, submission, model::MessageId{77}, wall_);
  }
  Admitted take(const std::string& message) {
    auto admitted = try_admit(message);
    EXPECT_TRUE(admitted) << admitted.error().to_string();
    return admitted ? *admitted : Admitted{{}, std::make_shared<const std::string>(), {}};
  }
  model::Reply refusal(const std::string& message) {
    const auto admitted = try_admit(message);
    EXPECT_FALSE(admitted);
    return admitted ? model::Reply{} : admitted.error();
  }
  static std::string with(const std::string& fields) { return fields + kComplete + "\r\nhello\r\n"; }

  Plan plan_;
  Submission submission_;
  const Time wall_{std::chrono::seconds{1'800'000'000}};
};

TEST_F(AdmissionTest, LabelsAreReadAndTheirFieldsRemoved) {
  const Admitted got =
      take(with("X-Penstock-Stream: urgent\r\nX-Penstock-Tenant: shop\r\nX-Job: spring\r\nX-Penstock-List: weekly\r\n"
                "X-Virtual-MTA: v1\r\n"));
  EXPECT_EQ(got.envelope.labels, (model::Labels{"urgent", "shop", "spring", "weekly", "v1"}));
  EXPECT_THAT(*got.body, Not(HasSubstr("X-")));
  EXPECT_THAT(*got.body, HasSubstr(std::string(kComplete) + "\r\nhello\r\n"));
}

TEST_F(AdmissionTest, EnvelopeIsCompleted) {
  const Admitted got = take(with(""));
  EXPECT_EQ(got.envelope.id, model::MessageId{77});
  EXPECT_EQ(got.envelope.received, wall_);
  EXPECT_EQ(got.envelope.first_attempt, Time{});
  EXPECT_EQ(got.envelope.peer, "192.0.2.9");
  EXPECT_EQ(got.envelope.body_bytes, got.body->size());
  submission_.client_address = "";
  EXPECT_EQ(take(with("")).envelope.peer, "pickup");
}

TEST_F(AdmissionTest, TlsRequiredNoIsTakenOnceAndAsWritten) {
  EXPECT_EQ(take(with("TLS-Required: No\r\n")).envelope.tls, model::TlsWish::Optional);
  EXPECT_EQ(take(with("tls-required:  no \r\n")).envelope.tls, model::TlsWish::Optional);
  for (const char* fields : {"", "TLS-Required: Yes\r\n", "TLS-Required: No\r\nTLS-Required: No\r\n"}) {
    EXPECT_EQ(take(with(fields)).envelope.tls, model::TlsWish::Usual) << fields;
  }
  EXPECT_THAT(*take(with("TLS-Required: No\r\n")).body, HasSubstr("TLS-Required: No\r\n"));
  submission_.envelope.tls = model::TlsWish::Required;  // the command goes before the field (RFC 8689 §4.1)
  EXPECT_EQ(take(with("TLS-Required: No\r\n")).envelope.tls, model::TlsWish::Required);
}

TEST_F(AdmissionTest, StreamIsTheHeadersThenTheListenersThenTheMatchThenTheFallback) {
  EXPECT_EQ(take(with("")).envelope.labels.stream, "default");
  submission_.envelope.sender = "x@news.example";
  EXPECT_EQ(take(with("")).envelope.labels.stream, "news");
  submission_.default_stream = "default";
  EXPECT_EQ(take(with("")).envelope.labels.stream, "default");
  EXPECT_EQ(take(with("X-Penstock-Stream: urgent\r\n")).envelope.labels.stream, "urgent");
}

TEST_F(AdmissionTest, UnknownStreamOrVmtaIsRefusedByName) {
  const model::Reply stream = refusal(with("X-Penstock-Stream: nonsense\r\n"));
  EXPECT_EQ(stream.code, 554);
  EXPECT_THAT(stream.text, HasSubstr("\"nonsense\""));
  EXPECT_EQ(refusal(with("X-Penstock-VMTA: v9\r\n")).code, 554);
  EXPECT_EQ(take(with("X-Penstock-VMTA: main\r\n")).envelope.labels.vmta, "main");  // a pool
}

// With a pool that is of no stream.
class HeldUserTest : public AdmissionTest {
 protected:
  HeldUserTest()
      : AdmissionTest(config::with_one_pool(std::string(kHeadersAndStreams) +
                                            "[[vmta]]\nname = \"v2\"\n[[pool]]\nname = \"other\"\n"
                                            "members = [{ vmta = \"v2\" }]\n")) {}
};

// Else a label would be a way to another customer's address, or into another's figures.
TEST_F(HeldUserTest, IsHeldToTheVmtasAndTenantsOfHisStreams) {
  users::User user;
  user.name = "shop";
  submission_.user = &user;
  EXPECT_EQ(take(with("X-Penstock-VMTA: v2\r\nX-Penstock-Tenant: bank\r\n")).envelope.labels.vmta, "v2");

  user.streams = {"news"};
  for (const char* name : {"X-Penstock-VMTA", "X-Virtual-MTA"}) {
    for (const char* foreign : {"v2", "other"}) {
      const model::Reply reply = refusal(with(std::string(name) + ": " + foreign + "\r\n"));
      EXPECT_EQ(reply.code, 554);
      EXPECT_THAT(reply.text, HasSubstr("user shop may not send from vMTA or pool \"" + std::string(foreign) + "\""));
    }
    EXPECT_EQ(take(with(std::string(name) + ": v1\r\n")).envelope.labels.vmta, "v1");
    EXPECT_EQ(take(with(std::string(name) + ": main\r\n")).envelope.labels.vmta, "main");
  }
  EXPECT_THAT(refusal(with("X-Penstock-Tenant: bank\r\n")).text, HasSubstr("may not send for tenant \"bank\""));
  EXPECT_EQ(take(with("X-Penstock-Tenant: newsroom\r\n")).envelope.labels.tenant, "newsroom");
  submission_.default_tenant = "house";  // the listener's
  EXPECT_EQ(take(with("X-Penstock-Tenant: house\r\n")).envelope.labels.tenant, "house");
  EXPECT_EQ(take(with("")).envelope.labels.tenant, "newsroom");
}

TEST_F(AdmissionTest, LabelsOfStrangersAreRemovedAndNotRead) {
  submission_.stranger = true;
  const Admitted got =
      take(with("X-Penstock-Stream: urgent\r\nX-Penstock-Tenant: bank\r\nX-Virtual-MTA: v1\r\n"
                "X-Penstock-Stream: nonsense\r\n"));
  EXPECT_EQ(got.envelope.labels, (model::Labels{"default", "", "", "", ""}));
  EXPECT_THAT(*got.body, Not(HasSubstr("X-")));
}

TEST_F(AdmissionTest, LabelThatCannotBeReadIsRefused) {
  const model::Reply reply = refusal(with("X-Penstock-Tenant: " + std::string(mime::kLabelBytesMax + 1, 'x') + "\r\n"));
  EXPECT_EQ(reply.code, 554);
  EXPECT_THAT(reply.text, HasSubstr("tenant"));
}

TEST_F(AdmissionTest, TenantIsTheHeadersThenTheStreamsThenTheListeners) {
  submission_.default_tenant = "house";
  EXPECT_EQ(take(with("")).envelope.labels.tenant, "house");
  EXPECT_EQ(take(with("X-Penstock-Stream: news\r\n")).envelope.labels.tenant, "newsroom");
  EXPECT_EQ(take(with("X-Penstock-Stream: news\r\nX-Penstock-Tenant: own\r\n")).envelope.labels.tenant, "own");
}

TEST_F(AdmissionTest, LoopIsRefused) {
  std::string hops;
  for (std::uint32_t i = 0; i + 1 < mime::kReceivedMax; ++i) hops += "Received: from somewhere\r\n";
  EXPECT_TRUE(try_admit(with(hops)));
  const model::Reply reply = refusal(with(hops + "Received: from there\r\n"));
  EXPECT_EQ(reply.code, 554);
  EXPECT_EQ(reply.enhanced, (model::EnhancedStatus{5, 4, 6}));
}

TEST_F(AdmissionTest, DateAndMessageIdAreAddedOnlyWhereMissing) {
  const std::string had = *take(with("")).body;
  EXPECT_EQ(had.find("Message-ID:"), had.rfind("Message-ID:"));
  EXPECT_EQ(had.find("Date:"), had.rfind("Date:"));
  const std::string bare = *take("From: a@shop.example\r\n\r\nhello\r\n").body;
  EXPECT_THAT(bare, HasSubstr("Message-ID: <" + model::format_id(model::MessageId{77}) + "@mx.mta1.example>\r\n"));
  EXPECT_THAT(bare, HasSubstr("Date: Fri, 15 Jan 2027 08:00:00"));
}

TEST_F(AdmissionTest, ReceivedNamesTheRecipientOnlyIfThereIsOne) {
  const std::string one = *take(with("")).body;
  EXPECT_THAT(one, StartsWith("Received: from client.example"));
  EXPECT_THAT(one, HasSubstr("[192.0.2.9]"));
  EXPECT_THAT(one, HasSubstr("by mx.mta1.example"));
  EXPECT_THAT(one, HasSubstr("with ESMTP"));
  EXPECT_THAT(one, HasSubstr("for <b@one.example>"));
  submission_.envelope.recipients.push_back({"hidden@one.example", "", 0});
  const std::string two = *take(with("")).body;
  EXPECT_THAT(two, StartsWith("Received: from client.example"));
  EXPECT_THAT(two, Not(HasSubstr("one.example")));
}

TEST_F(AdmissionTest, FurtherFieldsAreRemovedAsConfigured) {
  const std::string body =
      *take(with("x-internal: 1\r\n\tand more\r\nX-Keep: 2\r\nX-SECRET: 3\r\nX-Job: 4\r\nX-Internal: 5\r\n")).body;
  EXPECT_THAT(body, Not(HasSubstr("nternal")));
  EXPECT_THAT(body, Not(HasSubstr("and more")));
  EXPECT_THAT(body, Not(HasSubstr("SECRET")));
  EXPECT_THAT(body, Not(HasSubstr("X-Job")));
  EXPECT_THAT(body, HasSubstr("X-Keep: 2\r\n"));
}

TEST_F(AdmissionTest, FirstAttemptIsRead) {
  const Admitted got = take(with("X-Penstock-First-Attempt: 2027-01-15T10:00:00Z\r\n"));
  EXPECT_EQ(got.envelope.first_attempt, wall_ + 2h);
  EXPECT_EQ(refusal(with("X-Penstock-First-Attempt: tomorrow\r\n")).code, 554);
}

class LinksTest : public AdmissionTest {
 protected:
  LinksTest()
      : AdmissionTest(config::with_one_pool(R"([[stream]]
name = "default"
pool = "main"
unsubscribe = { add = "replace", url = "https://u.shop.example/" }
[[stream]]
name = "orders"
pool = "main"
unsubscribe = { add = "missing", url = "https://u.shop.example/" }
)")) {}
  const std::string own_ =
      "List-Unsubscribe: <mailto:out@shop.example>\r\nlist-unsubscribe-post: List-Unsubscribe=One-Click\r\n";
};

TEST_F(LinksTest, OwnLinksAreRemovedWhereTheyAreReplaced) {
  EXPECT_THAT(*take(with(own_)).body, Not(HasSubstr("nsubscribe")));
  EXPECT_THAT(*take(with(own_ + "X-Penstock-Stream: orders\r\n")).body, HasSubstr(own_));
  submission_.envelope.sender.clear();
  EXPECT_THAT(*take(with(own_)).body, HasSubstr(own_)) << "a notice gets no link in their place";
}

class NothingAddedTest : public AdmissionTest {
 protected:
  NothingAddedTest()
      : AdmissionTest(config::with_one_pool(R"([headers]
add_received = false
add_date = false
add_message_id = false
[[stream]]
name = "default"
pool = "main"
)")) {}
};

TEST_F(NothingAddedTest, MessageStaysAsItIs) {
  const std::string message = "From: a@shop.example\r\n\r\nhello\r\n";
  EXPECT_EQ(*take(message).body, message);
}

constexpr const char* kBulkStreams = R"([[stream]]
name = "strict"
pool = "main"
bulk_rules = "refuse"
[[stream]]
name = "mild"
pool = "main"
bulk_rules = "warn"
return_path = "b+{ref}@bounces.shop.example"
[[stream]]
name = "default"
pool = "main"
)";

class BulkAdmissionTest : public AdmissionTest {
 protected:
  BulkAdmissionTest() : AdmissionTest(config::with_one_pool(kBulkStreams)) {}
};

TEST_F(BulkAdmissionTest, ARefusalSaysWhatIsMissing) {
  const model::Reply reply = refusal("X-Penstock-Stream: strict\r\n" + with(""));
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.text,
            "the message breaks rules for bulk mail\ndkim: no DKIM key signs for shop.example or its organisation");
}

TEST_F(BulkAdmissionTest, AWarnedMessageIsTakenWithAField) {
  submission_.envelope.sender = "x@elsewhere.example";  // return_path takes its place
  const Admitted got = take("X-Penstock-Stream: mild\r\nX-Penstock-Bulk-Rules: mine\r\n" + with(""));
  EXPECT_EQ(got.broken_rules.names(), "dkim");
  EXPECT_THAT(*got.body, HasSubstr("X-Penstock-Bulk-Rules: dkim\r\n"));
  EXPECT_THAT(*got.body, Not(HasSubstr("mine")));
}

TEST_F(BulkAdmissionTest, OtherStreamsAreLeftAlone) {
  const Admitted got = take(with("X-Penstock-Bulk-Rules: mine\r\n"));
  EXPECT_EQ(got.broken_rules.names(), "");
  EXPECT_THAT(*got.body, HasSubstr("mine"));
}

}  // namespace
}  // namespace penstock::ingest
