// SPDX-License-Identifier: Apache-2.0
// Whose reports are believed without a reference: by address, and by a DKIM signature checked against keys in DNS.
#include "app/report_reception.h"

#include <gtest/gtest.h>

#include "base/test/temp_folder.h"
#include "dkim/key_record.h"
#include "dkim/signer.h"
#include "dns/fake_resolver.h"

namespace penstock::app {
namespace {

class NoEvents final : public model::EventSink {
 public:
  void record(const model::Event&) override {}
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
    reception_ =
        std::move(*ReportReception::open({clock_, *log_, events_, metrics_, shards_[0], dns_, *state_, nullptr},
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
  NoEvents events_;
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

}  // namespace
}  // namespace penstock::app
