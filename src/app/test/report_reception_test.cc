// SPDX-License-Identifier: Apache-2.0
// Whose reports are believed without a reference: by address, and by a DKIM signature checked against keys in DNS.
#include "app/report_reception.h"

#include <gtest/gtest.h>

#include <mutex>

#include "base/test/temp_folder.h"
#include "dkim/key_record.h"
#include "dkim/signer.h"
#include "dns/fake_resolver.h"

namespace penstock::app {
namespace {

// What of an event is kept; its views end with the call.
struct Kept {
  model::EventType type;
  std::string recipient, rule, blocklist, sender, pool, provider;
  model::Scope scope;
  Duration queued;
};

class KeepingSink final : public model::EventSink {
 public:
  void record(const model::Event& event) override {
    const std::lock_guard lock(mutex_);
    all_.push_back({event.type, std::string(event.recipient), std::string(event.rule), std::string(event.blocklist),
                    std::string(event.sender), std::string(event.pool), std::string(event.provider), event.scope,
                    event.queued});
  }
  std::vector<Kept> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::vector<Kept> all_;
};

class ReportReceptionTest : public ::testing::Test {
 protected:
  ReportReceptionTest()
      : key_(std::make_shared<dkim::KeyPair>(std::move(*dkim::KeyPair::generate(dkim::KeyType::Ed25519)))) {
    eventlog::EventLogOptions options;
    options.dir = folder_.file("events");
    options.node = "mta1";
    log_ = std::move(*eventlog::EventLog::open(clock_, options));
    shards_.start();
    config_.node.data_dir = folder_.path();
    config_.feedback.trusted_domains = {"fbl.example"};
    config_.feedback.trusted_networks = {*IpNetwork::parse("198.51.100.0/24")};
    state_ = std::move(*state::Writer::open(folder_.file("state.db")));
    reception_ = std::move(*ReportReception::open(
        {clock_, *log_, events_, metrics_, shards_[0], dns_, *state_, nullptr, nullptr,
         [this](delivery::LateFailure failure, bool about_us) { heard_.emplace_back(std::move(failure), about_us); }},
        config_, classify::Classifier::shipped()));
  }
  ~ReportReceptionTest() override {
    reception_->stop();
    shards_.stop();
    state_->stop();
  }

  // A complaint that this domain signed, with its key in DNS.
  std::string signed_by(const std::string& domain) {
    const std::string message =
        "From: fbl@fbl.example\r\nTo: fbl@bounces.example.com\r\nSubject: complaint\r\n\r\nabuse\r\n";
    const dkim::Signer signer({.domain = domain, .selector = "s1"}, key_);
    dkim::MessageToSign to_sign(message);
    dns_.txt(dkim::key_name("s1", domain), {dkim::format_key_record(key_->type(), key_->public_key())});
    return signer.sign(to_sign, clock_.wall()).value() + message;
  }
  bool trusts(std::string message, const std::string& client = "192.0.2.1") {
    feedback::IncomingReport incoming;
    incoming.message = std::move(message);
    incoming.client_address = client;
    return reception_->is_trusted(incoming, {});
  }

  const TempFolder folder_;
  FakeClock clock_;
  metrics::Registry metrics_;
  KeepingSink events_;
  std::vector<std::pair<delivery::LateFailure, bool>> heard_;  // and whether it is about us
  dns::FakeResolver dns_;
  std::unique_ptr<eventlog::EventLog> log_;
  net::ShardSet shards_{1};
  config::Config config_;
  std::shared_ptr<const dkim::KeyPair> key_;
  std::unique_ptr<state::Writer> state_;
  std::unique_ptr<ReportReception> reception_;
};

TEST_F(ReportReceptionTest, SignatureOfATrustedDomainIsBelieved) {
  EXPECT_TRUE(trusts(signed_by("fbl.example")));
  EXPECT_TRUE(trusts(signed_by("mail.FBL.example")));
}

TEST_F(ReportReceptionTest, SignatureOfAForeignDomainIsNotAndItsKeyIsNotAskedFor) {
  for (const char* domain : {"stranger.example", "notfbl.example", "fbl.example.net", "example"}) {
    EXPECT_FALSE(trusts(signed_by(domain))) << domain;
    EXPECT_EQ(dns_.count(dkim::key_name("s1", domain), dns::RecordType::Txt), 0) << domain;
  }
}

TEST_F(ReportReceptionTest, SignatureThatDoesNotHoldIsNot) {
  const std::string good = signed_by("fbl.example");
  EXPECT_FALSE(trusts(good + "more\r\n"));
  EXPECT_FALSE(trusts("From: fbl@fbl.example\r\n\r\nabuse\r\n"));
  EXPECT_FALSE(trusts(""));
  dns_.txt(dkim::key_name("s1", "fbl.example"), {"v=DKIM1; p="});
  EXPECT_FALSE(trusts(good)) << "revoked";
  dns_.fail(dkim::key_name("s1", "fbl.example"), dns::Status::TimedOut);
  EXPECT_FALSE(trusts(good)) << "no answer";
}

TEST_F(ReportReceptionTest, AddressOfATrustedNetworkIsBelieved) {
  EXPECT_TRUE(trusts("Subject: x\r\n\r\n", "198.51.100.7"));
  EXPECT_FALSE(trusts("Subject: x\r\n\r\n", "198.51.101.7"));
  EXPECT_FALSE(trusts("Subject: x\r\n\r\n", ""));
}

TEST_F(ReportReceptionTest, ReloadChangesWhoIsTrusted) {
  const std::string message = signed_by("fbl.example");
  config_.feedback.trusted_domains = {"other.example"};
  reception_->reload(config_, classify::Classifier::shipped());
  EXPECT_FALSE(trusts(message));
  config_.feedback.trusted_domains.clear();
  reception_->reload(config_, classify::Classifier::shipped());
  EXPECT_FALSE(trusts(message));
}

// One recipient of a report as the desk hands it over.
class RecordTest : public ReportReceptionTest {
 protected:
  void record() {
    reception_->record({.report = report_,
                        .decision = decision_,
                        .effect = effect_,
                        .incoming = incoming_,
                        .sent = known_ ? &sent_ : nullptr});
  }
  RecordTest() {
    report_.kind = report::ReportKind::Bounce;
    incoming_.received = clock_.wall() + std::chrono::hours{1};  // in this life
    clock_.advance(std::chrono::hours{1} + std::chrono::milliseconds{20});
    effect_.acting = true;
    effect_.address = "anna@example.net";
    effect_.outcome_class = model::OutcomeClass::Blocklist;
    effect_.rule = "spamhaus";
    effect_.scope = model::Scope::SourceIp;
    effect_.blocklist = "zen.spamhaus.org";
    effect_.reply = {554, {5, 7, 1}, "blocked"};
    sent_.pool = "main";
    sent_.sender = "news@shop.example";
    sent_.provider = "gmail";
  }

  report::Report report_;
  feedback::Decision decision_;
  feedback::Effect effect_;
  feedback::IncomingReport incoming_;
  feedback::SentRecipient sent_;
  bool known_ = true;
};

TEST_F(RecordTest, EventTellsWhatTheReplySaysAndWhatTheMessageWas) {
  record();
  const std::vector<Kept> all = events_.all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].type, model::EventType::BounceReport);
  EXPECT_EQ(all[0].rule, "spamhaus");
  EXPECT_EQ(all[0].scope, model::Scope::SourceIp);
  EXPECT_EQ(all[0].blocklist, "zen.spamhaus.org");
  EXPECT_EQ(all[0].sender, "news@shop.example");
  EXPECT_EQ(all[0].pool, "main");
  EXPECT_EQ(all[0].queued, std::chrono::milliseconds{20});
  EXPECT_TRUE(heard_.empty()) << "a host that forwarded it was refused";
}

TEST_F(RecordTest, ReportAboutNobodyIsAnEventWithoutARecipient) {
  report_.kind = report::ReportKind::Complaint;
  known_ = false;
  effect_ = {};
  record();
  ASSERT_EQ(events_.all().size(), 1U);
  EXPECT_EQ(events_.all()[0].type, model::EventType::Complaint);
  EXPECT_EQ(events_.all()[0].recipient, "");
}

TEST_F(RecordTest, FaultOfOurConfigurationRaisesTheAlarm) {
  effect_.outcome_class = model::OutcomeClass::Authentication;
  effect_.rule = "gmail-unauthenticated";
  effect_.alarm = true;
  record();
  ASSERT_EQ(heard_.size(), 1U);
  const delivery::LateFailure& failure = heard_[0].first;
  EXPECT_EQ(failure.outcome.rule, "gmail-unauthenticated");
  EXPECT_EQ(failure.outcome.outcome_class, model::OutcomeClass::Authentication);
  EXPECT_EQ(failure.outcome.reply.code, 554);
  EXPECT_EQ(failure.outcome.step, model::Step::Rcpt);
  EXPECT_TRUE(failure.outcome.alarm);
  EXPECT_EQ(failure.provider, "gmail");
  EXPECT_FALSE(heard_[0].second);
}

TEST_F(RecordTest, LimitsHearOfRefusalsThatSpeakOfUs) {
  effect_.about_us = true;
  sent_.vmta = "v1";
  sent_.campaign = "may";
  sent_.dkim_domain = "shop.example";
  record();
  ASSERT_EQ(heard_.size(), 1U);
  const delivery::LateFailure& failure = heard_[0].first;
  EXPECT_TRUE(heard_[0].second);
  EXPECT_EQ(failure.outcome.kind, model::OutcomeKind::Bounced);
  EXPECT_EQ(failure.outcome.outcome_class, model::OutcomeClass::Blocklist);
  EXPECT_EQ(failure.outcome.scope, model::Scope::SourceIp);
  EXPECT_FALSE(failure.outcome.alarm);
  EXPECT_EQ(failure.vmta, "v1");
  EXPECT_EQ(failure.campaign, "may");
  EXPECT_EQ(failure.sender_domain, "shop.example");
  EXPECT_EQ(failure.recipient_domain, "example.net");
}

}  // namespace
}  // namespace penstock::app
