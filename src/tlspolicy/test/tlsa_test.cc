// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/tlsa.h"

#include <gmock/gmock.h>

using namespace penstock::tlspolicy;

namespace {

Tlsa record(int usage, int selector, int matching, std::size_t bytes) {
  return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector), static_cast<std::uint8_t>(matching),
          std::string(bytes, 'x')};
}
const Tlsa kGood = record(3, 1, 1, 32);
const Tlsa kUseless = record(1, 1, 1, 32);

}  // namespace

TEST(Tlsa, WireFormIsRead) {
  const auto read = parse_tlsa(std::string("\3\1\1", 3) + std::string(32, 'x'));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, kGood);
  for (const std::string& bad : {std::string(), std::string("\3\1", 2), std::string("\3\1\1", 3)}) {
    EXPECT_FALSE(parse_tlsa(bad));
  }
}

TEST(Tlsa, UsableAreUsagesTwoAndThreeWithAWholeDigest) {
  for (const Tlsa& good : {kGood, record(2, 0, 1, 32), record(3, 0, 2, 64), record(2, 1, 0, 500)}) {
    EXPECT_TRUE(good.usable());
  }
  for (const Tlsa& bad : {record(0, 1, 1, 32), kUseless, record(4, 1, 1, 32), record(3, 2, 1, 32), record(3, 1, 3, 32),
                          record(3, 1, 1, 31), record(3, 1, 2, 32), record(3, 1, 0, 0)}) {
    EXPECT_FALSE(bad.usable());
  }
}

TEST(Dane, SecureRecordsBind) {
  const std::vector<Tlsa> records{kUseless, kGood};
  const DaneDecision decision = decide_dane({TlsaSecurity::Secure, true}, records);
  EXPECT_EQ(decision.action, DaneAction::Require);
  EXPECT_THAT(decision.usable, testing::ElementsAre(kGood));
}

TEST(Dane, SecureRecordsNoneOfWhichIsOfUseStillWantEncryption) {
  EXPECT_EQ(decide_dane({TlsaSecurity::Secure, true}, std::vector<Tlsa>{kUseless}).action, DaneAction::Encrypt);
}

TEST(Dane, UnsignedZoneOrProvenAbsenceIsNoDane) {
  const std::vector<Tlsa> records{kGood};
  EXPECT_EQ(decide_dane({TlsaSecurity::Insecure, true}, records).action, DaneAction::None);
  EXPECT_EQ(decide_dane({TlsaSecurity::Secure, false}, records).action, DaneAction::None);
  EXPECT_EQ(decide_dane({TlsaSecurity::Secure, true}, {}).action, DaneAction::None);
}

TEST(Dane, BogusOrMissingAnswerForbidsTheHost) {
  EXPECT_EQ(decide_dane({TlsaSecurity::Bogus, true}, {}).action, DaneAction::Defer);
  EXPECT_EQ(decide_dane({TlsaSecurity::Failed, true}, {}).action, DaneAction::Defer);
  EXPECT_EQ(decide_dane({TlsaSecurity::Failed, false}, {}).action, DaneAction::None);
}
