// SPDX-License-Identifier: Apache-2.0
// DKIM signatures in deliveries over loopback connections: who gets one, and who costs none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/dkim_plan.h"
#include "delivery/test/desk.h"
#include "delivery/test/key_files.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kMail = "From: The Shop <news@shop.example>\r\nSubject: x\r\n\r\nhello\r\n.dot\r\n";

class SigningTest : public ::testing::Test {
 protected:
  SigningTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    keys_ = {files_.key("shop.example", "ed", dkim::KeyType::Ed25519),
             files_.key("operator.example", "rsa", dkim::KeyType::Rsa)};
    use_keys({"from", "operator.example"});
  }
  void use_keys(const std::vector<std::string>& domains) {
    const auto loaded = DkimPlan::load(keys_);
    ASSERT_TRUE(loaded);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.dkim = *loaded;
      plan.streams[0].dkim = domains;
    });
  }
  void send(const std::vector<std::string>& to = {"a@one.example"}, const std::string& mail = kMail) {
    desk_.admit(desk_.store(desk_.envelope(to), mail));
  }
  void wait_for(EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
  }
  std::uint64_t counted(const std::string& name) {
    const std::string text = desk_.registry.text();
    const std::size_t at = text.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name;
    return std::stoull(text.substr(at + name.size() + 2));
  }
  std::uint64_t signatures() { return counted("penstock_dkim_signatures_total"); }

  Desk desk_;
  KeyFiles files_;
  std::vector<config::Dkim> keys_;
  std::unique_ptr<ScriptedReceiver> receiver_;
};

TEST_F(SigningTest, MessageArrivesWithEverySignature) {
  send({"a@one.example", "b@one.example"});
  wait_for(EventType::Delivered, 2);
  ASSERT_THAT(receiver_->mails(), SizeIs(1));
  const std::string& text = receiver_->mails()[0].text;
  const dkim::Report report = dkim::Verification(text).finish(files_.published(), desk_.clock.wall());
  ASSERT_THAT(report.signatures, SizeIs(2));
  EXPECT_EQ(report.signatures[0].verdict, dkim::Verdict::Pass) << report.signatures[0].reason << text;
  EXPECT_EQ(report.signatures[1].verdict, dkim::Verdict::Pass) << report.signatures[1].reason;
  EXPECT_EQ(report.signatures[0].signature->domain, "shop.example");
  EXPECT_THAT(text, ::testing::EndsWith(kMail));
  EXPECT_EQ(signatures(), 2U) << "one for each key, whatever the number of recipients";
  EXPECT_EQ(counted("penstock_dkim_wasted_total"), 0U);
  EXPECT_EQ(counted("penstock_dkim_unsigned_total"), 0U);
}

TEST_F(SigningTest, RefusedRecipientsCostNoSignature) {
  const auto refuse = [&](const std::string& verb, const std::string& reply) {
    receiver_->set_answer([=](const Heard& heard) { return heard.verb == verb ? reply : std::string(); });
    const std::size_t before = desk_.events.all.size();
    send();
    desk_.run_until(
        [&] { return desk_.events.count(EventType::Bounced) + desk_.events.count(EventType::Deferred) > 0; });
    desk_.events.all.resize(before);
    EXPECT_EQ(signatures(), 0U) << verb;
  };
  refuse("RCPT", "550 5.1.1 nobody");
  refuse("RCPT", "450 4.2.1 later");
  refuse("MAIL", "451 4.7.1 not now");
  refuse("DATA", "451 4.3.0 not now");
  EXPECT_EQ(counted("penstock_dkim_wasted_total"), 0U);
}

TEST_F(SigningTest, RefusedConnectionCostsNoSignature) {
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "BANNER" ? "554 5.7.1 go away" : ""; });
  send();
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(signatures(), 0U);
}

TEST_F(SigningTest, RetryIsSignedAnew) {
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "." ? "451 4.3.0 later" : ""; });
  send();
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(signatures(), 2U);
  receiver_->set_answer({});
  desk_.clock.advance(5min);
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(signatures(), 4U);
  const auto time =
      std::to_string(std::chrono::floor<std::chrono::seconds>(desk_.clock.wall()).time_since_epoch().count());
  EXPECT_THAT(receiver_->mails().back().text, HasSubstr("t=" + time));
}

TEST_F(SigningTest, NewPlanSignsOnOpenConnections) {
  send();
  wait_for(EventType::Delivered, 1);
  keys_ = {files_.key("shop.example", "next", dkim::KeyType::Ed25519)};
  use_keys({"from"});
  send();
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->total(), 1U) << "the connection was kept";
  EXPECT_THAT(receiver_->mails()[1].text, HasSubstr("s=next;"));
  EXPECT_THAT(receiver_->mails()[1].text, Not(HasSubstr("operator.example")));
}

TEST_F(SigningTest, StreamsThatDoNotSignAreLeftAlone) {
  use_keys({});
  send();
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(receiver_->mails()[0].text, kMail);
  EXPECT_EQ(counted("penstock_dkim_unsigned_total"), 0U);
}

TEST_F(SigningTest, MessageThatNoKeyFitsGoesUnsignedAndIsCounted) {
  use_keys({"from"});
  send({"a@one.example"}, "From: a@elsewhere.example\r\n\r\nhello\r\n");
  wait_for(EventType::Delivered, 1);
  use_keys({"operator.example"});
  send({"a@one.example"}, "Subject: no From\r\n\r\nhello\r\n");
  wait_for(EventType::Delivered, 2);
  EXPECT_THAT(receiver_->mails()[0].text, StartsWith("From: "));
  EXPECT_THAT(receiver_->mails()[1].text, StartsWith("Subject: "));
  EXPECT_EQ(counted("penstock_dkim_unsigned_total"), 2U);
  EXPECT_EQ(signatures(), 0U);
}

}  // namespace
}  // namespace penstock::delivery
