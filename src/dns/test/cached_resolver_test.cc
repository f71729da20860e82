// SPDX-License-Identifier: Apache-2.0
#include "dns/cached_resolver.h"

#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

class CachedResolverTest : public ::testing::Test {
 protected:
  Status status(const std::string& name, RecordType type = RecordType::Mx, std::size_t shard = 0) {
    Question question{name, type};
    const auto got = run(shards_[shard], cached_.lookup(shards_[shard], question));
    EXPECT_TRUE(got);
    return got ? (*got)->status : Status::ServFail;
  }

  FakeResolver fake_;
  FakeClock clock_;
  metrics::Registry registry_;
  Probe probe_{registry_};
  net::ShardSet shards_{2};
  CachedResolver cached_{shards_, fake_, clock_, probe_, {.answers_max = 100}};
};

TEST_F(CachedResolverTest, AnswerIsKeptForItsTtl) {
  fake_.mx("big.example", {{10, "mx.big.example"}}, 60s);
  EXPECT_EQ(status("big.example"), Status::Found);
  clock_.advance(59s);
  EXPECT_EQ(status("big.example"), Status::Found);
  EXPECT_EQ(fake_.count("big.example", RecordType::Mx), 1);
  clock_.advance(1s);
  EXPECT_EQ(status("big.example"), Status::Found);
  EXPECT_EQ(fake_.count("big.example", RecordType::Mx), 2);
  EXPECT_EQ(probe_.cache_hits.value(), 1U);
  EXPECT_EQ(probe_.cache_misses.value(), 2U);
}

TEST_F(CachedResolverTest, TypesOfOneNameAreApart) {
  fake_.a("host.example", {"192.0.2.1"});
  EXPECT_EQ(status("host.example", RecordType::A), Status::Found);
  EXPECT_EQ(status("host.example", RecordType::Aaaa), Status::NoData);
}

TEST_F(CachedResolverTest, EachShardHasItsOwnCache) {
  fake_.a("host.example", {"192.0.2.1"});
  status("host.example", RecordType::A, 0);
  status("host.example", RecordType::A, 1);
  status("host.example", RecordType::A, 1);
  EXPECT_EQ(fake_.count("host.example", RecordType::A), 2);
}

TEST_F(CachedResolverTest, MissingNameIsRemembered) {
  EXPECT_EQ(status("gone.example"), Status::NxDomain);
  EXPECT_EQ(status("gone.example"), Status::NxDomain);
  EXPECT_EQ(fake_.count("gone.example", RecordType::Mx), 1);
}

TEST_F(CachedResolverTest, TemporaryTroubleIsForgottenSoon) {
  fake_.mx("big.example", {{10, "mx.big.example"}});
  fake_.fail("big.example", Status::ServFail);
  EXPECT_EQ(status("big.example"), Status::ServFail);
  fake_.ok("big.example");
  EXPECT_EQ(status("big.example"), Status::ServFail);
  clock_.advance(5s);
  EXPECT_EQ(status("big.example"), Status::Found);
}

TEST_F(CachedResolverTest, TtlIsHeldWithinBounds) {
  const AnswerCacheLimits limits;
  Answer answer;
  answer.status = Status::Found;
  const std::vector<std::pair<Status, std::pair<std::chrono::seconds, std::chrono::seconds>>> table{
      {Status::Found, {0s, 5s}},       {Status::Found, {100s, 100s}},  {Status::Found, {86'400s, 3600s}},
      {Status::NxDomain, {0s, 5s}},    {Status::NxDomain, {60s, 60s}}, {Status::NxDomain, {10'800s, 300s}},
      {Status::NoData, {7200s, 300s}}, {Status::ServFail, {600s, 5s}}, {Status::TimedOut, {0s, 5s}},
      {Status::Bogus, {3600s, 5s}}};
  for (const auto& [status, ttls] : table) {
    answer.status = status;
    answer.ttl = ttls.first;
    EXPECT_EQ(time_to_keep(answer, limits), ttls.second) << to_string(status) << ' ' << ttls.first.count();
  }
}

TEST_F(CachedResolverTest, SameQuestionWhileUnderWayIsAskedOnce) {
  fake_.mx("big.example", {{10, "mx.big.example"}});
  fake_.hold();
  Question question{"big.example", RecordType::Mx};
  std::vector<std::shared_ptr<std::optional<Result<AnswerPtr>>>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(start(shards_[0], cached_.lookup(shards_[0], question)));
  for (const auto& one : waiting) EXPECT_FALSE(*one);
  EXPECT_EQ(fake_.count_all(), 1);
  fake_.release();
  shards_[0].io().poll();
  for (const auto& one : waiting) {
    ASSERT_TRUE(*one);
    EXPECT_EQ((**one).value()->status, Status::Found);
  }
  EXPECT_EQ(status("big.example"), Status::Found);
  EXPECT_EQ(fake_.count_all(), 1);
}

TEST_F(CachedResolverTest, ManyNamesStayWithinTheLimit) {
  for (int i = 0; i < 150; ++i) status("n" + std::to_string(i) + ".example");
  const int before = fake_.count_all();
  for (int i = 0; i < 150; ++i) status("n" + std::to_string(i) + ".example");
  EXPECT_GE(fake_.count_all() - before, 50);  // at most 100 of them can have been kept
}

TEST_F(CachedResolverTest, ClearForgetsTheShardsAnswers) {
  fake_.a("host.example", {"192.0.2.1"});
  status("host.example", RecordType::A);
  cached_.clear(shards_[0]);
  status("host.example", RecordType::A);
  EXPECT_EQ(fake_.count_all(), 2);
}

// A resolver at its limit turns look-ups away; the next one must be asked again.
class FullOnce final : public Resolver {
 public:
  explicit FullOnce(Resolver& next) : next_(next) {}
  void ask(net::Shard& shard, Question question, Done done) override {
    if (std::exchange(full_, false)) return done(penstock::fail(Errc::Full));
    next_.ask(shard, std::move(question), std::move(done));
  }

 private:
  Resolver& next_;
  bool full_ = true;
};

TEST_F(CachedResolverTest, ErrorIsHandedOnAndNotKept) {
  fake_.a("host.example", {"192.0.2.1"});
  FullOnce full(fake_);
  CachedResolver cached(shards_, full, clock_, probe_);
  Question question{"host.example", RecordType::A};
  const auto first = run(shards_[0], cached.lookup(shards_[0], question));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Errc::Full);
  const auto second = run(shards_[0], cached.lookup(shards_[0], question));
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->status, Status::Found);
}

TEST_F(CachedResolverTest, LookupAllKeepsTheOrderOfTheQuestions) {
  fake_.a("a.example", {"192.0.2.1"});
  fake_.a("b.example", {"192.0.2.2"});
  std::vector<Question> questions{
      {"b.example", RecordType::A}, {"gone.example", RecordType::A}, {"a.example", RecordType::A}};
  const auto got = run(shards_[0], cached_.lookup_all(shards_[0], questions));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0].value()->records[0].value, "192.0.2.2");
  EXPECT_EQ(got[1].value()->status, Status::NxDomain);
  EXPECT_EQ(got[2].value()->records[0].value, "192.0.2.1");
  EXPECT_TRUE(run(shards_[0], cached_.lookup_all(shards_[0], {})).empty());
}

}  // namespace
}  // namespace penstock::dns
