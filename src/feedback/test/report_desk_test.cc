// SPDX-License-Identifier: Apache-2.0
// Whole reports as they arrive, to what is suppressed and recorded.
#include "feedback/report_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/test/temp_folder.h"
#include "classify/read_rules.h"

namespace penstock::feedback {
namespace {

using report::ReportKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Time kAccepted{std::chrono::seconds{1'800'000'000}};
constexpr Time kReceived = kAccepted + std::chrono::hours{1};
const model::RecipientId kReportedRecipient{
    model::MessageId{static_cast<std::uint64_t>(kAccepted.time_since_epoch().count()) << 8}, 0};

class FakeOutlets final : public ReportOutlets {
 public:
  std::vector<std::optional<SentRecipient>> find_sent(std::span<const model::RecipientId> wanted) override {
    lookups.push_back(wanted.size());
    std::vector<std::optional<SentRecipient>> found;
    for (const model::RecipientId& want : wanted) found.push_back(want == kReportedRecipient ? sent : std::nullopt);
    return found;
  }
  bool is_trusted(const IncomingReport& incoming, const report::Report&) override {
    return incoming.client_address == trusted_address;
  }
  std::vector<Suppressing> suppress(std::span<const HandledRecipient> handled) override {
    for (const HandledRecipient& one : handled) {
      if (store_works) suppressed.push_back(one.effect.address);
    }
    return std::vector(handled.size(), store_works ? Suppressing::Stored : Suppressing::Failed);
  }
  void record(const HandledRecipient& handled) override {
    classes.push_back(handled.effect.outcome_class);
    names.insert(std::to_string(handled.report_id) + "." + std::to_string(handled.number));
    recorded.push_back(handled.effect.address + (handled.suppressing == Suppressing::Stored ? " suppressed" : "") +
                       (handled.suppressing == Suppressing::Failed ? " failed" : "") +
                       (handled.sent != nullptr ? " " + handled.sent->campaign : ""));
  }
  void count(ReportKind kind, Proof proof) override {
    counted.push_back(std::string(to_string(kind)) + " " + std::string(to_string(proof)));
  }
  void finished() override { ++rounds; }

  std::optional<SentRecipient> sent;
  std::string trusted_address = "198.51.100.1";
  bool store_works = true;
  int rounds = 0;
  std::vector<std::size_t> lookups;  // how many were asked for at a time
  std::set<std::string> names;
  std::vector<std::string> suppressed, recorded, counted;
  std::vector<model::OutcomeClass> classes;
};

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() {
    writer_ = std::move(*state::Writer::open(folder_.file("state.db")));
    used_ = std::move(*UsedReferences::open(*writer_, clock_));
    desk_ = std::make_unique<ReportDesk>(*used_, outlets_);
    DeskSettings settings;
    settings.keys.current.fill(1);
    keys_ = settings.keys;
    desk_->configure(settings);
  }
  ~DeskTest() override { writer_->stop(); }

  [[nodiscard]] std::string token() const {
    return make_reference(keys_.current, kReportedRecipient, "anna@example.net", "news");
  }
  static IncomingReport bounce_of(const std::string& address, const std::string& to,
                                  const std::string& status = "5.1.1") {
    IncomingReport incoming;
    incoming.recipients = {to};
    incoming.client_address = "192.0.2.9";
    incoming.received = kReceived;
    incoming.message =
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; boundary=\"=b\"\r\n\r\n--=b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; " +
        address + "\r\nAction: failed\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; 550 " + status +
        " user unknown\r\n\r\n--=b--\r\n";
    return incoming;
  }

  // The same report, brought in once more.
  static IncomingReport again(IncomingReport incoming) {
    incoming.received += std::chrono::minutes{5};
    return incoming;
  }

  const TempFolder folder_;
  FakeClock clock_;
  std::unique_ptr<state::Writer> writer_;
  ReferenceKeys keys_;
  FakeOutlets outlets_;
  std::unique_ptr<UsedReferences> used_;
  std::unique_ptr<ReportDesk> desk_;
};

TEST_F(DeskTest, BounceWithOurReferenceSuppressesOnce) {
  outlets_.sent = SentRecipient{.address = "anna@example.net", .campaign = "spring"};
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  desk_->handle(incoming);
  desk_->handle(again(incoming));
  EXPECT_THAT(outlets_.suppressed, ElementsAre("anna@example.net"));
  EXPECT_THAT(outlets_.recorded, ElementsAre("anna@example.net suppressed spring", "anna@example.net spring"));
  EXPECT_THAT(outlets_.counted, ElementsAre("bounce reference", "bounce replayed"));
}

// A daemon that was killed reads from its inbox what it had dealt with.
TEST_F(DeskTest, SameReportDealtWithTwiceActsTwiceUnderOneName) {
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  desk_->handle(incoming);
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.recorded, ElementsAre("anna@example.net suppressed", "anna@example.net suppressed"));
  EXPECT_THAT(outlets_.names, SizeIs(1));
  desk_->handle(again(incoming));
  EXPECT_THAT(outlets_.names, SizeIs(2));
}

TEST_F(DeskTest, ManyReportsAreLookedUpTogetherAndAReplayAmongThemActsOnce) {
  outlets_.sent = SentRecipient{.address = "anna@example.net", .campaign = "spring"};
  const IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  const std::vector<IncomingReport> reports{incoming, again(incoming), bounce_of("x@example.org", "fbl@example.com")};
  desk_->handle(reports);
  EXPECT_THAT(outlets_.lookups, ElementsAre(2U));
  EXPECT_EQ(outlets_.rounds, 1);
  EXPECT_THAT(outlets_.recorded,
              ElementsAre("anna@example.net suppressed spring", "anna@example.net spring", "x@example.org"));
  EXPECT_THAT(outlets_.counted, ElementsAre("bounce reference", "bounce replayed", "bounce none"));
}

TEST_F(DeskTest, ReferenceOfALongTimeAgoIsNotBelieved) {
  IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com");
  incoming.received = kAccepted + kReferenceLasts + std::chrono::seconds{1};
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  EXPECT_THAT(outlets_.counted, ElementsAre("bounce expired"));
  incoming.received = kAccepted + kReferenceLasts;
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, SizeIs(1));
}

// What a receiver holds against our address says nothing of the recipient, whatever its class.
TEST_F(DeskTest, ReplyAboutOurAddressSuppressesNobody) {
  IncomingReport incoming = bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com", "5.1.0");
  const std::string words = "550 5.1.0 user unknown";
  incoming.message.replace(incoming.message.find(words), words.size(),
                           "550 5.1.0 Sender address rejected: user unknown");
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  EXPECT_THAT(outlets_.recorded, SizeIs(1));
}

TEST_F(DeskTest, AliasOfTheRecipientIsFoundThroughTheLog) {
  outlets_.sent = SentRecipient{.address = "anna@example.net"};
  desk_->handle(bounce_of("mailbox17@backend.example", "b+" + token() + "@bounces.example.com"));
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

// Each recipient of a message has a reference of his own: one DSN never speaks for another.
TEST_F(DeskTest, RecipientsOfOneMessageAreToldApart) {
  outlets_.sent.reset();
  const std::string to =
      "b+" + make_reference(keys_.current, {kReportedRecipient.message, 5}, "bert@example.net", "news");
  desk_->handle(bounce_of("victim@example.org", to + "@bounces.example.com"));
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  desk_->handle(bounce_of("bert@example.net", to + "@bounces.example.com"));
  desk_->handle(bounce_of("anna@example.net", "b+" + token() + "@bounces.example.com"));
  EXPECT_THAT(outlets_.suppressed, ElementsAre("bert@example.net", "anna@example.net"));
}

// Nobody is named: recorded and counted all the same, and nobody is suppressed.
TEST_F(DeskTest, ComplaintAboutNobodyIsRecorded) {
  IncomingReport incoming;
  incoming.received = kReceived;
  incoming.recipients = {"fbl@example.com"};
  incoming.message =
      "From: fbl@mail.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
      "report-type=feedback-report; boundary=\"=b\"\r\n\r\n--=b\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: abuse\r\nUser-Agent: fbl/1\r\nVersion: 1\r\n\r\n--=b--\r\n";
  desk_->handle(incoming);
  incoming.client_address = outlets_.trusted_address;
  desk_->handle(incoming);
  incoming.recipients = {"b+" + token() + "@bounces.example.com"};  // whose recipient the log has forgotten
  desk_->handle(incoming);
  EXPECT_THAT(outlets_.recorded, ElementsAre("", "", ""));
  EXPECT_THAT(outlets_.suppressed, IsEmpty());
  EXPECT_THAT(outlets_.counted, ElementsAre("complaint none", "complaint trusted", "complaint reference"));
  EXPECT_FALSE(used_->is_used(kReportedRecipient, ReportKind::Complaint, 1)) << "it has not acted";
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
  desk_->handle(again(incoming));
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
