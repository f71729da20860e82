// SPDX-License-Identifier: Apache-2.0
#include "users/failure_book.h"

#include <gtest/gtest.h>

namespace penstock::users {
namespace {

using namespace std::chrono_literals;

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

const Time kStart{std::chrono::seconds{1'795'509'000}};
constexpr FailurePolicy kPolicy{.failures_max = 5, .window = 10min, .ban = 15min, .delay = 1s, .delay_max = 10s};

TEST(FailureBook, EachFailureIsAnsweredLater) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 1s);
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 2s);
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 4s);
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 8s);
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 10s);
}

TEST(FailureBook, EnoughOfThemBanTheAddressForAWhile) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  for (int i = 0; i < 4; ++i) (void)book.failed(peer, kStart, kPolicy);
  EXPECT_FALSE(book.banned_until(peer, kStart));
  (void)book.failed(peer, kStart + 1min, kPolicy);
  EXPECT_EQ(book.banned_until(peer, kStart + 1min), kStart + 16min);
  EXPECT_EQ(book.banned(kStart + 1min), 1U);
  EXPECT_FALSE(book.banned_until(peer, kStart + 16min));
  EXPECT_EQ(book.banned(kStart + 16min), 0U);
  EXPECT_EQ(book.failed(peer, kStart + 16min, kPolicy), 1s);  // and it begins anew
}

TEST(FailureBook, OldFailuresAreForgotten) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  for (int i = 0; i < 4; ++i) (void)book.failed(peer, kStart, kPolicy);
  EXPECT_EQ(book.failed(peer, kStart + 11min, kPolicy), 1s);
  EXPECT_FALSE(book.banned_until(peer, kStart + 11min));
}

TEST(FailureBook, OneGoodPasswordTakesBackOneFailure) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  for (int i = 0; i < 3; ++i) (void)book.failed(peer, kStart, kPolicy);
  book.succeeded(peer);
  EXPECT_EQ(book.failed(peer, kStart, kPolicy), 4s);
  book.succeeded(address("192.0.2.9"));  // never heard of: nothing
}

TEST(FailureBook, NoMoreAreTriedSideBySideThanMayStillFail) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  for (int i = 0; i < 3; ++i) (void)book.failed(peer, kStart, kPolicy);
  auto first = book.begin(peer, kStart, kPolicy);
  const auto second = book.begin(peer, kStart, kPolicy);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(book.begin(peer, kStart, kPolicy));
  EXPECT_TRUE(book.begin(address("192.0.2.2"), kStart, kPolicy));
  first.reset();
  EXPECT_TRUE(book.begin(peer, kStart, kPolicy));
  (void)book.failed(peer, kStart, kPolicy);  // the fourth
  EXPECT_FALSE(book.begin(peer, kStart, kPolicy));
  EXPECT_TRUE(book.begin(peer, kStart + 11min, kPolicy));  // the failures are forgotten
}

TEST(FailureBook, OneMayAlwaysBeTried) {
  FailureBook book;
  const IpAddress peer = address("192.0.2.1");
  const FailurePolicy strict{.failures_max = 1, .window = 10min, .ban = 15min, .delay = 1s, .delay_max = 10s};
  for (int i = 0; i < 4; ++i) (void)book.failed(peer, kStart, kPolicy);
  EXPECT_TRUE(book.begin(peer, kStart, strict));
}

TEST(FailureBook, OthersAreNotMeant) {
  FailureBook book;
  for (int i = 0; i < 5; ++i) (void)book.failed(address("192.0.2.1"), kStart, kPolicy);
  EXPECT_FALSE(book.banned_until(address("192.0.2.2"), kStart));
  EXPECT_FALSE(book.banned_until(address("2001:db8::1"), kStart));
  EXPECT_EQ(book.failed(address("192.0.2.2"), kStart, kPolicy), 1s);
}

TEST(FailureBook, Ipv6CountsByTheNetworkOfOneCustomer) {
  FailureBook book;
  for (const char* text : {"2001:db8::1", "2001:db8::2", "2001:db8::3:4", "2001:db8::5", "2001:db8::6"}) {
    (void)book.failed(address(text), kStart, kPolicy);
  }
  EXPECT_TRUE(book.banned_until(address("2001:db8::77"), kStart));
  EXPECT_FALSE(book.banned_until(address("2001:db8:0:1::1"), kStart));
}

TEST(FailureBook, RemembersABoundedNumber) {
  FailureBook book;
  IpAddress peer = address("10.0.0.0");
  for (std::size_t i = 0; i < FailureBook::kKept + 10; ++i) {
    peer.bytes[1] = static_cast<std::uint8_t>(i >> 16U);
    peer.bytes[2] = static_cast<std::uint8_t>(i >> 8U);
    peer.bytes[3] = static_cast<std::uint8_t>(i);
    (void)book.failed(peer, kStart + std::chrono::milliseconds(i), kPolicy);
  }
  // The last are remembered, the first are not.
  EXPECT_EQ(book.failed(peer, kStart + 1min, kPolicy), 2s);
  EXPECT_EQ(book.failed(address("10.0.0.0"), kStart + 1min, kPolicy), 1s);
}

}  // namespace
}  // namespace penstock::users
