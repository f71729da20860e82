// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/mta_sts.h"

#include <gmock/gmock.h>

using namespace penstock;
using namespace penstock::tlspolicy;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kGood =
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.Example.com\r\nmx: *.backup.example\r\nmax_age: 86400\r\n";

std::optional<std::string> id_of(std::vector<std::string> txts) {
  return parse_sts_record(txts);
}

}  // namespace

TEST(StsRecord, IdIsRead) {
  EXPECT_EQ(id_of({"v=STSv1; id=20160831085700Z;"}), "20160831085700Z");
  EXPECT_EQ(id_of({"v=STSv1;id=1"}), "1");
  EXPECT_EQ(id_of({"other text", "v=STSv1 ; ext=what; id = a1 ;"}), "a1");
}

TEST(StsRecord, MissingMalformedOrAmbiguousIsNone) {
  for (const char* bad : {"", "v=STSv1", "v=STSv1; id=", "v=STSv1; id=a-b", "v=STSv2; id=1", "id=1; v=STSv1",
                          "v=STSv1; id=1; id=2", "v=STSv1; id=123456789012345678901234567890123"}) {
    EXPECT_EQ(id_of({bad}), std::nullopt) << bad;
  }
  EXPECT_EQ(id_of({"v=STSv1; id=1", "v=STSv1; id=2"}), std::nullopt);
  EXPECT_EQ(id_of({}), std::nullopt);
}

TEST(StsPolicy, IsRead) {
  const auto policy = parse_sts_policy(kGood);
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->mode, StsMode::Enforce);
  EXPECT_EQ(policy->max_age, Duration(24h));
  EXPECT_THAT(policy->hosts, testing::ElementsAre("mx1.example.com", "*.backup.example"));
}

TEST(StsPolicy, LenientWhereTheRfcIs) {
  const auto policy = parse_sts_policy("version:STSv1\nmode:testing\nfuture: x\nmx: a.example\nmax_age: 9999999999\n");
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->mode, StsMode::Testing);
  EXPECT_EQ(policy->max_age, Duration(31'557'600s));
  EXPECT_TRUE(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 0"));
}

TEST(StsPolicy, UnreadableIsNoPolicyAtAll) {
  for (const char* bad :
       {"", "<html>not found</html>", "mode: enforce\nmx: a.example\nmax_age: 1\n",
        "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n", "version: STSv1\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\n", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
        "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmx: a..b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmx: x.*.b\nmax_age: 1\n",
        "version: STSv1\nno colon\nmode: enforce\nmx: a.example\nmax_age: 1\n"}) {
    EXPECT_FALSE(parse_sts_policy(bad)) << bad;
  }
  EXPECT_FALSE(parse_sts_policy(std::string(StsPolicy::kPolicyBytesMax + 1, 'x')));
}

TEST(StsPolicy, StarIsExactlyOneLabel) {
  const auto policy = parse_sts_policy(kGood);
  ASSERT_TRUE(policy);
  for (const char* good : {"mx1.example.com", "MX1.example.com.", "a.backup.example", "A.Backup.Example"}) {
    EXPECT_TRUE(policy->allows(good)) << good;
  }
  for (const char* bad : {"mx2.example.com", "a.mx1.example.com", "backup.example", "a.b.backup.example",
                          ".backup.example", "evil.example", ""}) {
    EXPECT_FALSE(policy->allows(bad)) << bad;
  }
}
