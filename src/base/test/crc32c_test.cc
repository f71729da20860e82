// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <gtest/gtest.h>

using penstock::crc32c;
using penstock::crc32c_extend;

// Vectors of RFC 3720 B.4 and the customary check value.
TEST(Crc32c, KnownVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, ExtendingEqualsTheWholeAtEverySplit) {
  const std::string text = "The gated pipe that feeds a turbine: all the pressure, none of the flood.";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c_extend(crc32c(text.substr(0, cut)), text.substr(cut)), crc32c(text)) << cut;
  }
}
