// SPDX-License-Identifier: Apache-2.0
// References in deliveries over loopback connections: each recipient's copy bears his own, also below the signature.
#include "delivery/referring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/dkim_plan.h"
#include "delivery/test/desk.h"
#include "delivery/test/key_files.h"
#include "delivery/test/scripted_receiver.h"
#include "unsubscribe/terms.h"

namespace penstock::delivery {
namespace {

using model::EventType;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kPlainMail = "From: The Shop <news@shop.example>\r\nSubject: x\r\n\r\nhello\r\n";

class ReferringTest : public ::testing::Test {
 protected:
  ReferringTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.start();
    desk_.dispatcher().parts().unsubscribe = &terms_;
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    change([this](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void change(const std::function<void(Plan&)>& change) { desk_.change_plan(change); }
  void refer(const std::string& return_path) {
    config_.streams.resize(1);
    config_.streams[0].name = "default";
    config_.streams[0].reference_header = true;
    config_.streams[0].return_path = return_path;
    terms_.store(std::make_shared<const unsubscribe::Terms>(config_, keys_));
    change([](Plan& plan) { plan.streams[0].recipients_per_message = 1; });
  }
  model::MessageId send(const std::vector<std::string>& to, const std::string& sender = "news@shop.example",
                        const std::string& peer = "192.0.2.1") {
    model::Envelope envelope = desk_.envelope(to);
    envelope.sender = sender;
    envelope.peer = peer;
    const model::MessageId id = desk_.store(std::move(envelope), kPlainMail);
    desk_.admit(id);
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) >= to.size(); });
    return id;
  }
  std::optional<feedback::Reference> reference_in(std::string_view text) {
    const auto found = feedback::reference_candidates(text);
    if (found.empty()) return std::nullopt;
    return feedback::verify_reference(keys_, found.front());
  }

  const feedback::ReferenceKeys keys_{feedback::ReferenceKey{1}, {}};
  config::Config config_;
  unsubscribe::CurrentTerms terms_{std::make_shared<const unsubscribe::Terms>()};
  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
};

TEST_F(ReferringTest, EachRecipientOfAMessageHasAReferenceOfHisOwn) {
  refer("b+{ref}@bounces.shop.example");
  const model::MessageId id = send({"anna@one.example", "bert@one.example"});
  ASSERT_THAT(receiver_->mails(), SizeIs(2));
  for (const ReceivedMail& mail : receiver_->mails()) {
    ASSERT_THAT(mail.recipients, SizeIs(1));
    EXPECT_THAT(mail.sender, HasSubstr("@bounces.shop.example"));
    EXPECT_THAT(mail.text, StartsWith("X-Penstock-Ref: "));
    for (const std::string& text : {mail.sender, mail.text.substr(0, mail.text.find('\r'))}) {
      const auto reference = reference_in(text);
      ASSERT_TRUE(reference) << text;
      EXPECT_EQ(reference->recipient.message, id);
      EXPECT_TRUE(reference->names(reference->recipient.index == 0 ? "anna@one.example" : "bert@one.example"));
      EXPECT_TRUE(reference->is_of_stream("default"));
      EXPECT_THAT(mail.recipients[0], HasSubstr(reference->recipient.index == 0 ? "anna@" : "bert@"));
    }
  }
  EXPECT_NE(receiver_->mails()[0].sender, receiver_->mails()[1].sender);
}

TEST_F(ReferringTest, FieldAloneLeavesTheSender) {
  refer("");
  send({"anna@one.example"});
  EXPECT_THAT(receiver_->mails().at(0).sender, HasSubstr("news@shop.example"));
  EXPECT_TRUE(reference_in(receiver_->mails().at(0).text));
}

TEST_F(ReferringTest, NullSenderStaysNull) {
  refer("b+{ref}@bounces.shop.example");
  send({"anna@one.example"}, "");
  EXPECT_THAT(receiver_->mails().at(0).sender, Not(HasSubstr("@")));
  EXPECT_TRUE(reference_in(receiver_->mails().at(0).text));
}

TEST_F(ReferringTest, OwnNoticesAndOtherStreamsBearNone) {
  send({"anna@one.example"});
  refer("b+{ref}@bounces.shop.example");
  send({"anna@one.example"}, "", "internal");
  desk_.run_until([&] { return receiver_->mails().size() == 2; });
  for (const ReceivedMail& mail : receiver_->mails()) EXPECT_EQ(mail.text, kPlainMail);
}

TEST_F(ReferringTest, SignatureCoversTheReference) {
  refer("b+{ref}@bounces.shop.example");
  KeyFiles files;
  config::Dkim key = files.key("shop.example", "ed", dkim::KeyType::Ed25519);
  key.headers = {"From", "X-Penstock-Ref"};
  const auto loaded = DkimPlan::load(std::vector{key});
  ASSERT_TRUE(loaded);
  change([&](Plan& plan) {
    plan.dkim = *loaded;
    plan.streams[0].dkim = {"from"};
  });
  send({"anna@one.example"});
  const std::string& text = receiver_->mails().at(0).text;
  EXPECT_THAT(text, EndsWith(kPlainMail));
  std::string changed = text;
  const std::size_t at = changed.find("X-Penstock-Ref: ") + 16;
  changed[at] = changed[at] == 'a' ? 'b' : 'a';
  const auto verdict = [&](const std::string& mail) {
    return dkim::Verification(mail).finish(files.published(), desk_.clock.wall()).signatures.at(0).verdict;
  };
  EXPECT_EQ(verdict(text), dkim::Verdict::Pass);
  EXPECT_NE(verdict(changed), dkim::Verdict::Pass);
}

TEST_F(ReferringTest, SenderDomainIsThatOfTheReturnPath) {
  model::Envelope envelope;
  envelope.sender = "news@Shop.example";
  Batch batch{{}, std::make_shared<const model::Envelope>(envelope), nullptr};
  const ShardParts& parts = desk_.dispatcher().parts();
  EXPECT_EQ(sender_domain(parts, batch, "default"), "shop.example");
  refer("b+{ref}@Bounces.example");
  EXPECT_EQ(sender_domain(parts, batch, "default"), "bounces.example");
  EXPECT_EQ(sender_domain(parts, batch, "news"), "shop.example");
  batch.envelope = std::make_shared<const model::Envelope>();
  EXPECT_EQ(sender_domain(parts, batch, "default"), "") << "the null sender stays";
}

}  // namespace
}  // namespace penstock::delivery
