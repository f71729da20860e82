// SPDX-License-Identifier: Apache-2.0
#include "app/descriptor_shares.h"

#include <gtest/gtest.h>

namespace penstock::app {
namespace {

TEST(DescriptorShares, ListenersGetWhatTheyAskForAndReceiversTheRest) {
  const DescriptorShares shares = share_descriptors(200'000, 10'000);
  EXPECT_EQ(shares.own, 4'096U);
  EXPECT_EQ(shares.incoming, 10'000U);
  EXPECT_EQ(shares.outgoing, 185'904U);
}

TEST(DescriptorShares, ListenersLeaveAQuarter) {
  const DescriptorShares shares = share_descriptors(1'024, 5'000);
  EXPECT_EQ(shares.own, 128U);
  EXPECT_EQ(shares.incoming, 672U);
  EXPECT_EQ(shares.outgoing, 224U);
}

TEST(DescriptorShares, NobodyGetsNothing) {
  for (const std::uint64_t limit : {0, 1, 64, 65, 70}) {
    const DescriptorShares shares = share_descriptors(limit, 5'000);
    EXPECT_GE(shares.incoming, 1U) << limit;
    EXPECT_GE(shares.outgoing, 1U) << limit;
  }
  EXPECT_EQ(share_descriptors(1'024, 0).incoming, 1U);
}

TEST(DescriptorShares, NeverMoreThanThereAre) {
  for (std::uint64_t limit = 100; limit < 1'000'000; limit = limit * 3 / 2) {
    for (const std::uint64_t wanted : {1U, 100U, 5'000U, 400'000U}) {
      const DescriptorShares shares = share_descriptors(limit, wanted);
      EXPECT_LE(std::uint64_t{shares.own} + shares.incoming + shares.outgoing, limit) << limit << " " << wanted;
    }
  }
}

TEST(DescriptorShares, UnlimitedIsSharedToo) {
  EXPECT_EQ(share_descriptors(UINT64_MAX, 5'000).outgoing, 1'000'000U);
}

TEST(DescriptorShares, BoundsThatAreTooHighAreTold) {
  config::Config config;
  config.listeners.resize(2);
  config.client.max_connections = 500;
  const DescriptorShares few = share_descriptors(1'024, 10'000);
  const auto warnings = warnings_of_descriptors(config, few);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].part, "client.max_connections");
  EXPECT_EQ(warnings[0].message,
            "the bound of 500 connections is more than the descriptors of this process allow; 224 it is");
  EXPECT_EQ(warnings[1].part, "listener.max_connections");
  EXPECT_TRUE(warnings_of_descriptors(config, share_descriptors(200'000, 10'000)).empty());
}

}  // namespace
}  // namespace penstock::app
