// SPDX-License-Identifier: Apache-2.0
#include "delivery/dkim_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "delivery/errc.h"
#include "delivery/test/key_files.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Time kNow{1'800'000'000s};

class DkimPlanTest : public ::testing::Test {
 protected:
  std::vector<std::string> chosen(const std::vector<std::string>& domains, const std::string& from = "",
                                  Time now = kNow, const std::string& stream = "news") {
    const auto plan = DkimPlan::load(keys_);
    if (!plan) return {plan.error().to_string()};
    std::vector<std::string> selectors;
    for (const auto& signer : (*plan)->choose({stream, domains}, "From: " + from + "\r\n\r\nhello\r\n", now)) {
      selectors.push_back(signer->options().selector + "@" + signer->options().domain);
    }
    return selectors;
  }
  config::Dkim& add(const std::string& domain, const std::string& selector,
                    dkim::KeyType type = dkim::KeyType::Ed25519) {
    return keys_.emplace_back(files_.key(domain, selector, type));
  }

  KeyFiles files_;
  std::vector<config::Dkim> keys_;
};

TEST_F(DkimPlanTest, FromTakesTheNearestDomainAbove) {
  add("example.com", "s1");
  add("news.example.com", "s2");
  add("operator.example", "op");
  EXPECT_THAT(chosen({"from"}, "a@example.com"), ElementsAre("s1@example.com"));
  EXPECT_THAT(chosen({"from"}, "a@news.example.com"), ElementsAre("s2@news.example.com"));
  EXPECT_THAT(chosen({"from"}, "a@b.news.example.com"), ElementsAre("s2@news.example.com"));
  EXPECT_THAT(chosen({"from"}, "a@shop.example.com"), ElementsAre("s1@example.com"));
  EXPECT_THAT(chosen({"from"}, "a@badexample.com"), IsEmpty());
  EXPECT_THAT(chosen({"from"}, "nobody"), IsEmpty());
  EXPECT_THAT(chosen({"from", "operator.example"}, "a@Example.COM"),
              ElementsAre("s1@example.com", "op@operator.example"));
  EXPECT_THAT(chosen({"operator.example", "from"}, "a@operator.example"), ElementsAre("op@operator.example"));
}

TEST_F(DkimPlanTest, KeysOfStreamsSignTheirsAloneAndGoFirst) {
  add("example.com", "all");
  add("example.com", "news1").streams = {"news", "sales"};
  add("news.example.com", "own").streams = {"sales"};
  EXPECT_THAT(chosen({"example.com"}), ElementsAre("news1@example.com"));
  EXPECT_THAT(chosen({"example.com"}, "", kNow, "other"), ElementsAre("all@example.com"));
  // A domain whose keys are other streams' has none: the next one above it signs.
  EXPECT_THAT(chosen({"from"}, "a@news.example.com"), ElementsAre("news1@example.com"));
  EXPECT_THAT(chosen({"from"}, "a@news.example.com", kNow, "sales"), ElementsAre("own@news.example.com"));
  EXPECT_THAT(chosen({"news.example.com"}), IsEmpty());
}

TEST_F(DkimPlanTest, AKeyOfAStreamThatIsNotInForceLeavesItToTheOthers) {
  add("example.com", "all");
  add("example.com", "next").streams = {"news"};
  keys_.back().sign = kNow + 1h;
  EXPECT_THAT(chosen({"example.com"}), ElementsAre("all@example.com"));
  EXPECT_THAT(chosen({"example.com"}, "", kNow + 1h), ElementsAre("next@example.com"));
}

TEST_F(DkimPlanTest, BothKeyTypesSign) {
  add("example.com", "ed");
  add("example.com", "rsa", dkim::KeyType::Rsa);
  EXPECT_THAT(chosen({"example.com"}), ElementsAre("ed@example.com", "rsa@example.com"));
}

TEST_F(DkimPlanTest, DatesHandOverFromKeyToKey) {
  add("example.com", "old").retire = kNow + 20h;
  config::Dkim& next = add("example.com", "new");
  next.publish = kNow;
  next.sign = kNow + 10h;
  EXPECT_THAT(chosen({"example.com"}, "", kNow), ElementsAre("old@example.com"));
  EXPECT_THAT(chosen({"example.com"}, "", kNow + 10h), ElementsAre("new@example.com"));
  keys_.pop_back();
  EXPECT_THAT(chosen({"example.com"}, "", kNow + 19h), ElementsAre("old@example.com"));
  EXPECT_THAT(chosen({"example.com"}, "", kNow + 20h), IsEmpty());
}

TEST_F(DkimPlanTest, OptionsReachTheSigner) {
  config::Dkim& key = add("example.com", "s1");
  key.canonicalization = "simple/relaxed";
  key.expire = 2h;
  key.identity = "@a.example.com";
  key.headers = {"X-Mine"};
  const auto plan = DkimPlan::load(keys_);
  ASSERT_TRUE(plan);
  const std::vector<std::string> domains{"example.com"};
  const std::string message = "From: a@example.com\r\nX-Mine: 1\r\n\r\nhello\r\n";
  const auto signers = (*plan)->choose({"news", domains}, message, kNow);
  const SignedFields fields = sign_message(signers, message, kNow);
  EXPECT_EQ(fields.made, 1U);
  EXPECT_THAT(fields.text, HasSubstr("c=simple/relaxed"));
  EXPECT_THAT(fields.text, HasSubstr("i=@a.example.com"));
  EXPECT_THAT(fields.text, HasSubstr("x=1800007200"));
  EXPECT_THAT(fields.text, HasSubstr("x-mine;"));
  EXPECT_LT(fields.text.size(), field_bytes(signers));
  const SignedFields none = sign_message(signers, "Subject: x\r\n\r\n", kNow);
  EXPECT_EQ(none.made, 0U);
  EXPECT_EQ(none.problem, "example.com: the message has no From field");
}

TEST_F(DkimPlanTest, UnusableKeysAreRefusedWithTheRemedy) {
  const std::string path = add("example.com", "s1").key_file;
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const auto loose = DkimPlan::load(keys_);
  ASSERT_FALSE(loose);
  EXPECT_TRUE(loose.error() == make_error_code(Errc::BadKey));
  EXPECT_THAT(loose.error().detail, HasSubstr("DKIM key of example.com: " + path + ": has mode 0644"));
  files_.write(path, "no key");
  const auto broken = DkimPlan::load(keys_);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().detail, HasSubstr("no private key in PEM form"));
  keys_[0].key_file = "/nowhere/key.pem";
  EXPECT_FALSE(DkimPlan::load(keys_));
  keys_[0].identity = "@other.example";
  EXPECT_FALSE(DkimPlan::load(keys_));
}

TEST(FromDomain, IsThatOfTheFirstAddress) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a@Example.com", "example.com"},
      {"The Shop <a@example.com>", "example.com"},
      {"\"x@evil.example\" <a@example.com>", "example.com"},
      {"x (at@evil.example (nested@too)) <a@example.com>", "example.com"},
      {"\"a\\\"@evil.example\" <b@example.com>, c@d.example", "example.com"},
      {"a@example.com (comment)", "example.com"},
      {"\r\n <a@example.com>", "example.com"},
      {"nobody", ""},
      {"", ""},
  };
  for (const auto& [value, domain] : cases) EXPECT_EQ(from_domain("From: " + value + "\r\n\r\n"), domain) << value;
  EXPECT_EQ(from_domain("Subject: x\r\n\r\n"), "");
}

}  // namespace
}  // namespace penstock::delivery
