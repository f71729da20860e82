// SPDX-License-Identifier: Apache-2.0
// Whole reports as they arrive, to what is suppressed and recorded.
#include "feedback/report_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "classify/read_rules.h"

namespace penstock::feedback {
namespace {

using report::ReportKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const model::RecipientId kRecipient{model::MessageId{42}, 0};

class FakeOutlets final : public ReportOutlets {
 public:
  std::optional<SentRecipient> find_sent(model::RecipientId recipient,
                                         const std::vector<std::string>& addresses) override {
    ++lookups;
    if (recipient.message != kRecipient.message || !sent) return std::nullopt;
    const bool named = std::find(addresses.begin(), addresses.end(), sent->address) != addresses.end();
    return recipient.index != kWholeMessage || named ? sent : std::nullopt;
  }
  bool is_trusted(const IncomingReport& incoming, const report::Report&) override {
    return incoming.client_address == trusted_address;
  }
  Suppressing suppress(const HandledRecipient& handled) override {
    if (!handled.effect.suppress) return Suppressing::NotWanted;
    if (store_works) suppressed.push_back(handled.effect.address);
    return store_works ? Suppressing::Stored : Suppressing::Failed;
  }
  void record(const HandledRecipient& handled) override {
    classes.push_back(handled.effect.outcome_class);
    recorded.push_back(handled.effect.address + (handled.suppressing == Suppressing::Stored ? " suppressed" : "") +
                       (handled.suppressing == Suppressing::Failed ? " failed" : "") +
                       (handled.sent != nullptr ? " " + handled.sent->campaign : ""));
  }
  void count(ReportKind kind, Proof proof) override {
    counted.push_back(std::string(to_string(kind)) + " " + std::string(to_string(proof)));
  }

  std::optional<SentRecipient> sent;
  std::string trusted_address = "198.51.100.1";
  bool store_works = true;
  int lookups = 0;
  std::vector<std::string> suppressed, recorded, counted;
  std::vector<model::OutcomeClass> classes;
};

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() : folder_(std::filesystem::temp_directory_path() / ("penstock_desk_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    used_ = std::move(*UsedReferences::open((folder_ / "used").string()));
    desk_ = std::make_unique<ReportDesk>(*used_, outlets_);
    DeskSettings settings;
    settings.keys.current.fill(1);
    keys_ = settings.keys;
    desk_->configure(settings);
  }
  ~DeskTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string token() const {
    return make_reference(keys_.current, kRecipient, "anna@example.net", "news");
  }
  static IncomingReport bounce_of(const std::string& address, const std::string& to,
                                  const std::string& status = "5.1.1") {
    IncomingReport incoming;
    incoming.recipients = {to};
    incoming.client_address = "192.0.2.9";
    incoming.message =
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; boundary=\"=b\"\r\n\r\n--=b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; " +
        address + "\r\nAction: failed\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; 550 " + status +
        " user unknown\r\n\r\n--=b--\r\n";
    return incoming;
  }

  std::filesystem::path folder_;
  ReferenceKeys keys_;
  FakeOutlets outlets_;
  std::unique_ptr<UsedReferences> used_;
  std::unique_ptr<ReportDesk> desk_;
};

TEST_F(DeskTest, BounceWithOurReferenceSuppressesOnce) {
  outlets_.sent = SentRecipient{.address = "anna@example.net", .campaign = "spring"};
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  desk_->handle(incoming);
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, ElementsAre("anna@example.net"));
  EXPECT_THAT(outlets_.recorded, ElementsAre("anna@example.net suppressed spring", "anna@example.net"));
  EXPECT_THAT(outlets_.counted, ElementsAre("bounce reference", "bounce replayed"));
}

TEST_F(DeskTest, NothingIsLookedUpWhileReportsWait) {
  desk_->handle(bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com"), true);
  EXPECT_THAT(outlets_.suppressed, SizeIs(1));
  EXPECT_EQ(outlets_.lookups, 0);
}

TEST_F(DeskTest, AliasOfTheRecipientIsFoundThroughTheLog) {
  outlets_.sent = SentRecipient{.address = "anna@example.net"};
  desk_->handle(bounce_of("mailbox17@backend.example", "b+" + token() + "@bounces.example.com"), true);
  EXPECT_THAT(outlets_.suppressed, ElementsAre("anna@example.net"));
}

TEST_F(DeskTest, UnknownSenderSuppressesNobodyAndATrustedOneDoes) {
  IncomingReport incoming = bounce_of("anna@example.net", "fbl@example.com");
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  EXPECT_THAT(outlets_.recorded, ElementsAre("anna@example.net"));
  incoming.client_address = outlets_.trusted_address;
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, ElementsAre("anna@example.net"));
}

TEST_F(DeskTest, ReferenceToAWholeMessageActsOnItsOwnRecipientsOnly) {
  outlets_.sent = SentRecipient{.address = "anna@example.net", .index = 5};
  const std::string whole = make_reference(keys_.current, {kRecipient.message, kWholeMessage}, "", "news");
  desk_->handle(bounce_of("victim@example.org", "b+" + whole + "@bounces.example.com"));
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  desk_->handle(bounce_of("anna@example.net", "b+" + whole + "@bounces.example.com"));
  EXPECT_THAT(outlets_.suppressed, ElementsAre("anna@example.net"));
  EXPECT_TRUE(used_->contains({kRecipient.message, 5}, ReportKind::Bounce));
}

TEST_F(DeskTest, FailedStoreLeavesTheReferenceUnused) {
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  outlets_.store_works = false;
  desk_->handle(incoming);
  outlets_.store_works = true;
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.recorded, ElementsAre("anna@example.net failed", "anna@example.net suppressed"));
}

TEST_F(DeskTest, RulesInForceDecideTheClass) {
  const auto own = classify::Classifier::with(
      {{"own.toml", "[[rule]]\nid = \"mine\"\npattern = 'user unknown'\nclass = \"greylisting\"\n"}});
  ASSERT_TRUE(own);
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  DeskSettings settings{keys_, {}, *own};
  desk_->configure(settings);
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.classes, ElementsAre(model::OutcomeClass::Greylisting));
  settings.classifier = classify::Classifier::shipped();
  desk_->configure(settings);
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.classes, ElementsAre(model::OutcomeClass::Greylisting, model::OutcomeClass::InvalidMailbox));
}

TEST_F(DeskTest, OrdinaryMailIsCountedOnly) {
  IncomingReport incoming;
  incoming.message = "From: anna@example.net\r\nSubject: Hello\r\n\r\nHello\r\n";
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.recorded, IsEmpty());
  EXPECT_THAT(outlets_.counted, ElementsAre("none none"));
}

}  // namespace
}  // namespace penstock::feedback
