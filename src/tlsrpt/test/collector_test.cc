// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/test/temp_database.h"

namespace penstock::tlsrpt {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Policy kSts{PolicyType::Sts, {"version: STSv1", "mode: enforce"}, {"mx.a.example"}};
const Policy kTlsa{PolicyType::Tlsa, {"3 1 1 abcd"}, {}};

Failure expired(const std::string& host) {
  return {"certificate-expired", "192.0.2.1", host, "192.0.2.9", "certificate has expired"};
}

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() {
    open();
    collector_->want("a.example", {"mailto:tls@a.example"});
  }
  void open() {
    collector_.reset();
    writer_.reset();
    writer_ = std::move(*state::Writer::open(file_.path()));
    collector_ = std::move(*Collector::open(*writer_, clock_));
  }
  std::vector<Due> due() {
    collector_->flush(true);
    auto all = collector_->due();
    EXPECT_TRUE(all) << all.error().to_string();
    return all ? *all : std::vector<Due>{};
  }
  void settle() {
    ASSERT_TRUE(writer_->run([](state::Database&) { return Result<>(); }));
  }

  state::TempDatabase file_;
  FakeClock clock_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(CollectorTest, SessionsAreAddedUpByPolicyOverRestarts) {
  for (int i = 0; i < 3; ++i) collector_->count("a.example", kSts, {});
  collector_->count("a.example", kSts, expired("mx1.a.example"));
  collector_->flush(true);
  open();
  collector_->want("a.example", {"https://r.example/"});
  collector_->count("a.example", kSts, {});
  collector_->count("a.example", kSts, expired("mx1.a.example"));
  collector_->count("a.example", kSts, expired("mx2.a.example"));
  collector_->count("a.example", kTlsa, {});
  EXPECT_THAT(due(), IsEmpty());  // the day is not over
  clock_.advance(24h);
  const auto all = due();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].domain, "a.example");
  EXPECT_THAT(all[0].addresses, ElementsAre("https://r.example/"));  // the newest
  ASSERT_THAT(all[0].policies, SizeIs(2));
  const PolicyResult& sts = all[0].policies[0];
  EXPECT_EQ(sts.policy, kSts);
  EXPECT_EQ(sts.successful, 4U);
  ASSERT_THAT(sts.failures, SizeIs(2));
  EXPECT_EQ(sts.failures[0].failure.receiving_host, "mx1.a.example");
  EXPECT_EQ(sts.failures[0].failure.result_type, "certificate-expired");
  EXPECT_EQ(sts.failures[0].sessions, 2U);
  EXPECT_EQ(all[0].policies[1].policy, kTlsa);
}

TEST_F(CollectorTest, DomainThatWantsNoReportsIsNotCounted) {
  collector_->count("b.example", kSts, {});
  collector_->want("a.example", {});
  collector_->count("a.example", kSts, {});
  clock_.advance(24h);
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(CollectorTest, EachDayIsAReportOfItsOwn) {
  collector_->count("a.example", kSts, {});
  clock_.advance(24h);
  collector_->count("a.example", kSts, {});
  clock_.advance(24h);
  EXPECT_THAT(due(), SizeIs(2));
}

TEST_F(CollectorTest, SentReportIsGoneAndAFailedOneComesBack) {
  collector_->count("a.example", kSts, {});
  clock_.advance(24h);
  auto all = due();
  ASSERT_THAT(all, SizeIs(1));
  collector_->retry(all[0], 1h);
  settle();
  EXPECT_THAT(due(), IsEmpty());
  clock_.advance(1h);
  all = due();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].attempts, 1U);
  collector_->finish(all[0]);
  settle();
  EXPECT_THAT(due(), IsEmpty());
}

TEST_F(CollectorTest, DetailsOfADayAreBounded) {
  for (std::size_t i = 0; i < Collector::kDetails + 50; ++i) {
    collector_->count("a.example", kSts, expired("mx" + std::to_string(i)));
  }
  clock_.advance(24h);
  const auto all = due();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].policies[0].failures, SizeIs(Collector::kDetails + 1));
  std::uint64_t sessions = 0;
  for (const FailureCount& count : all[0].policies[0].failures) sessions += count.sessions;
  EXPECT_EQ(sessions, Collector::kDetails + 50);
}

}  // namespace
}  // namespace penstock::tlsrpt
