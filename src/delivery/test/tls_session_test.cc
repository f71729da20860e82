// SPDX-License-Identifier: Apache-2.0
#include "delivery/tls_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mtasts/test/make_policy.h"
#include "state/test/temp_database.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TlsSessionTest : public ::testing::Test {
 protected:
  TlsSessionTest() {
    writer_ = std::move(*state::Writer::open(file_.path()));
    reports_ = std::move(*tlsrpt::Collector::open(*writer_, clock_));
    reports_->want("a.example", {"mailto:tls@a.example"});
    sts_.policy = mtasts::make_policy("1", clock_.wall(), 48h);
    facts_.tls = &plain_;
    facts_.host = "mx.a.example";
    facts_.is_tls = true;
    facts_.verified = "yes";
  }
  tlsrpt::PolicyResult counted(const mtasts::Verdict* sts) {
    report_session(*reports_, "a.example", sts, facts_);
    reports_->flush(true);
    clock_.advance(24h);
    const auto due = reports_->due();
    EXPECT_TRUE(due && !due->empty() && !due->front().policies.empty());
    all_ = due->front().policies;
    reports_->finish(due->front());
    return all_.front();
  }
  std::string_view failure(const mtasts::Verdict* sts) {
    const tlsrpt::PolicyResult result = counted(sts);
    EXPECT_EQ(result.successful, 0U);
    EXPECT_THAT(result.failures, SizeIs(1));
    return result.failures.empty() ? "" : result.failures[0].failure.result_type;
  }

  state::TempDatabase file_;
  FakeClock clock_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<tlsrpt::Collector> reports_;
  mtasts::Verdict sts_;
  HostTls plain_ = plain_tls(TlsLevel::Opportunistic);
  SessionFacts facts_;
  std::vector<tlsrpt::PolicyResult> all_;
};

TEST_F(TlsSessionTest, SessionWithoutPolicySucceedsWithTls) {
  facts_.verified = "self-signed certificate";
  const auto result = counted(nullptr);
  EXPECT_EQ(result.policy.type, tlsrpt::PolicyType::None);
  EXPECT_EQ(result.successful, 1U);
}

TEST_F(TlsSessionTest, SessionInClearIsAFailure) {
  facts_.is_tls = false;
  EXPECT_EQ(failure(nullptr), "starttls-not-supported");
}

TEST_F(TlsSessionTest, TestedPolicyIsJudgedThoughNothingFollows) {
  EXPECT_EQ(counted(&sts_).successful, 1U);
  facts_.verified = "certificate has expired";
  EXPECT_EQ(failure(&sts_), "certificate-expired");
  facts_.verified = "yes";
  facts_.host = "elsewhere.example";
  EXPECT_EQ(failure(&sts_), "validation-failure");
}

TEST_F(TlsSessionTest, PolicyIsTold) {
  const auto result = counted(&sts_);
  EXPECT_EQ(result.policy.type, tlsrpt::PolicyType::Sts);
  EXPECT_THAT(result.policy.mx_hosts, ElementsAre("*.a.example", "mx.example"));
  EXPECT_EQ(result.policy.strings.front(), "version: STSv1");
}

TEST_F(TlsSessionTest, RefusalHasItsOwnName) {
  plain_.policy = "dane";
  plain_.refusal_kind = "dnssec-invalid";
  facts_.failure = "TLSA look-up failed";
  facts_.is_tls = false;
  EXPECT_EQ(failure(nullptr), "dnssec-invalid");
  EXPECT_EQ(all_[0].policy.type, tlsrpt::PolicyType::Tlsa);
}

TEST_F(TlsSessionTest, TlsaRecordsAreToldAsText) {
  plain_.policy = "dane";
  plain_.tlsa.push_back({3, 1, 1, std::string("\x01\xAB")});
  EXPECT_THAT(policy_of(plain_, &sts_).strings, ElementsAre("3 1 1 01ab"));
}

TEST_F(TlsSessionTest, PolicyThatCouldNotBeFetchedIsCountedBesides) {
  sts_.policy = nullptr;
  sts_.trouble_kind = "sts-webpki-invalid";
  sts_.trouble = "hostname mismatch";
  counted(&sts_);
  ASSERT_THAT(all_, SizeIs(2));
  EXPECT_EQ(all_[0].policy.type, tlsrpt::PolicyType::None);
  EXPECT_EQ(all_[0].successful, 1U);
  ASSERT_THAT(all_[1].failures, SizeIs(1));
  EXPECT_EQ(all_[1].failures[0].failure.result_type, "sts-webpki-invalid");
}

}  // namespace
}  // namespace penstock::delivery
