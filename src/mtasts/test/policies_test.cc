// SPDX-License-Identifier: Apache-2.0
#include "mtasts/policies.h"

#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"
#include "mtasts/test/make_policy.h"
#include "state/test/temp_database.h"

namespace penstock::mtasts {
namespace {

using namespace std::chrono_literals;

// Serves one text, or fails.
class ScriptedHost final : public PolicyHost {
 public:
  net::Task<FetchResult> fetch(net::Shard&, std::string domain) override {
    ++asked;
    last = domain;
    if (!trouble.empty()) co_return tl::unexpected(FetchTrouble{"sts-policy-fetch-error", trouble});
    co_return Fetched{text, *tlspolicy::parse_sts_policy(text)};
  }
  std::string text = policy_text(48h);
  std::string trouble, last;
  int asked = 0;
};

class PoliciesTest : public ::testing::Test {
 protected:
  PoliciesTest() {
    open();
    dns_.txt("_mta-sts.a.example", {"v=STSv1; id=one;"}, 3600s);
  }
  void open() {
    policies_.reset();
    store_.reset();
    writer_.reset();
    writer_ = std::move(*state::Writer::open(file_.path()));
    store_ = std::move(*Store::open(*writer_, clock_));
    policies_ = std::make_unique<Policies>(Policies::Parts{shards_, dns_, host_, *store_, clock_, probe_});
  }
  VerdictPtr find(const std::string& domain) { return dns::run(shards_[0], policies_->find(shards_[0], domain)); }
  std::string id(const std::string& domain) {
    const VerdictPtr found = find(domain);
    return found->policy ? found->policy->id : "";
  }
  net::Task<bool> refresh_task() {
    co_await policies_->refresh(shards_[0]);
    co_return true;
  }
  void refresh() { EXPECT_TRUE(dns::run(shards_[0], refresh_task())); }

  state::TempDatabase file_;
  FakeClock clock_;
  dns::FakeResolver dns_;
  metrics::Registry registry_;
  Probe probe_{registry_};
  ScriptedHost host_;
  net::ShardSet shards_{1};
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Policies> policies_;
};

TEST_F(PoliciesTest, DomainWithoutRecordCostsOneLookUp) {
  EXPECT_FALSE(policies_->find_cached(shards_[0], "b.example"));
  EXPECT_FALSE(find("b.example")->policy);
  EXPECT_TRUE(policies_->find_cached(shards_[0], "b.example"));
  EXPECT_FALSE(find("b.example")->policy);
  EXPECT_EQ(dns_.count("_mta-sts.b.example", dns::RecordType::Txt), 1);
  EXPECT_EQ(host_.asked, 0);
}

TEST_F(PoliciesTest, PolicyIsFetchedOnceForAnId) {
  EXPECT_EQ(id("a.example"), "one");
  clock_.advance(1h);
  EXPECT_FALSE(policies_->find_cached(shards_[0], "a.example"));
  EXPECT_EQ(id("a.example"), "one");
  EXPECT_EQ(host_.asked, 1);
  EXPECT_EQ(host_.last, "a.example");
}

TEST_F(PoliciesTest, NewIdIsFetched) {
  EXPECT_EQ(id("a.example"), "one");
  dns_.txt("_mta-sts.a.example", {"v=STSv1; id=two;"});
  clock_.advance(1h);
  EXPECT_EQ(id("a.example"), "two");
}

TEST_F(PoliciesTest, PolicyOutlivesItsRecordDnsAndHost) {
  EXPECT_EQ(id("a.example"), "one");
  dns_.set("_mta-sts.a.example", dns::RecordType::Txt, {dns::Status::NoData, {}, {}, 3600s, 0, false, {}});
  clock_.advance(1h);
  EXPECT_EQ(id("a.example"), "one");
  dns_.fail("_mta-sts.a.example", dns::Status::TimedOut);
  clock_.advance(1h);
  EXPECT_EQ(id("a.example"), "one");
  dns_.ok("_mta-sts.a.example");
  dns_.txt("_mta-sts.a.example", {"v=STSv1; id=two;"});
  host_.trouble = "no answer";
  clock_.advance(1h);
  EXPECT_EQ(id("a.example"), "one");
  clock_.advance(46h);
  EXPECT_EQ(id("a.example"), "");  // its max_age is over
}

TEST_F(PoliciesTest, PolicyOutlivesARestart) {
  EXPECT_EQ(id("a.example"), "one");
  open();
  dns_.fail("_mta-sts.a.example", dns::Status::ServFail);
  EXPECT_EQ(id("a.example"), "one");
  EXPECT_EQ(host_.asked, 1);
}

TEST_F(PoliciesTest, FailedFetchIsNotRepeatedForAWhile) {
  host_.trouble = "no answer";
  const VerdictPtr first = find("a.example");
  EXPECT_FALSE(first->policy);
  EXPECT_EQ(first->trouble_kind, "sts-policy-fetch-error");
  EXPECT_EQ(first->trouble, "no answer");
  clock_.advance(4min);
  EXPECT_EQ(id("a.example"), "");
  EXPECT_EQ(host_.asked, 1);
  host_.trouble.clear();
  clock_.advance(1min);
  EXPECT_EQ(id("a.example"), "one");
  EXPECT_EQ(host_.asked, 2);
}

TEST_F(PoliciesTest, UnansweredLookUpIsAskedAgainSoon) {
  dns_.fail("_mta-sts.a.example", dns::Status::TimedOut);
  EXPECT_EQ(id("a.example"), "");
  dns_.ok("_mta-sts.a.example");
  clock_.advance(1min);
  EXPECT_EQ(id("a.example"), "one");
}

TEST_F(PoliciesTest, OldPolicyIsFetchedAnewWithoutMail) {
  EXPECT_EQ(id("a.example"), "one");
  const Time expires = store_->find("a.example")->expires;
  clock_.advance(24h);
  refresh();
  EXPECT_EQ(host_.asked, 2);
  EXPECT_EQ(store_->find("a.example")->expires, expires + 24h);
}

TEST_F(PoliciesTest, AddressLiteralAndNonsenseHaveNone) {
  EXPECT_FALSE(find("[192.0.2.1]")->policy);
  EXPECT_FALSE(find("a..b")->policy);
  EXPECT_EQ(dns_.count_all(), 0);
}

TEST_F(PoliciesTest, LookUpsOfOneDomainAreMadeTogether) {
  dns_.hold();
  const auto one = dns::start(shards_[0], policies_->find(shards_[0], "a.example"));
  const auto two = dns::start(shards_[0], policies_->find(shards_[0], "a.example"));
  dns_.release();
  while (!*one || !*two) shards_[0].io().run_one();
  EXPECT_EQ(**one, **two);
  EXPECT_EQ(dns_.count("_mta-sts.a.example", dns::RecordType::Txt), 1);
}

}  // namespace
}  // namespace penstock::mtasts
