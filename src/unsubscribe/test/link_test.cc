// SPDX-License-Identifier: Apache-2.0
// The signed token of a link.
#include "unsubscribe/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::unsubscribe {
namespace {

using namespace std::chrono_literals;
using ::testing::MatchesRegex;

constexpr Time kMade{std::chrono::seconds{1'795'000'000}};

feedback::ReferenceKeys keys(std::uint8_t fill = 7) {
  feedback::ReferenceKeys made;
  made.current.fill(fill);
  return made;
}

Wish wish() {
  return {.address = "anna@example.net",
          .stream = "news",
          .list = "weekly",
          .recipient = {model::MessageId{123'456'789'012'345}, 6},
          .made = kMade};
}

TEST(UnsubscribeLink, SaysWhatItWasMadeOf) {
  const std::string token = make_token(keys().current, wish());
  EXPECT_THAT(token, MatchesRegex("[-_A-Za-z0-9]+"));
  EXPECT_EQ(verify_token(keys(), token), wish());
  Wish whole_stream = wish();
  whole_stream.list.clear();
  EXPECT_EQ(verify_token(keys(), make_token(keys().current, whole_stream)), whole_stream);
}

TEST(UnsubscribeLink, EveryChangedCharacterIsRefused) {
  const std::string token = make_token(keys().current, wish());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char other : {'A', 'B', 'z', '_', '%', '='}) {
      std::string changed = token;
      if (changed[i] == other) continue;
      changed[i] = other;
      EXPECT_FALSE(verify_token(keys(), changed)) << i << other;
    }
    EXPECT_FALSE(verify_token(keys(), token.substr(0, i))) << "cut at " << i;
  }
  EXPECT_FALSE(verify_token(keys(), token + "A"));
}

TEST(UnsubscribeLink, StrangersKeyIsRefusedAndAnOlderOneOfOursIsNot) {
  const std::string token = make_token(keys().current, wish());
  EXPECT_FALSE(verify_token(keys(8), token));
  feedback::ReferenceKeys rotated = keys(9);
  rotated.previous = {keys(8).current, keys().current};
  EXPECT_TRUE(verify_token(rotated, token));
}

// A reference in the same mail is signed with the same key.
TEST(UnsubscribeLink, ReferenceIsNoLinkAndALinkNoReference) {
  const std::string reference = feedback::make_reference(keys().current, wish().recipient, wish().address, "news");
  EXPECT_FALSE(verify_token(keys(), reference));
  EXPECT_FALSE(feedback::verify_reference(keys(), make_token(keys().current, wish())));
}

TEST(UnsubscribeLink, WhatWouldNotFitIntoAHeaderLineIsNotMade) {
  Wish longest = wish();
  longest.stream = std::string(64, 's');
  longest.list = std::string(200, 'l');
  longest.address = std::string(64, 'a') + "@" + std::string(189, 'd');
  const std::string token = make_token(keys().current, longest);
  EXPECT_LE(token.size(), kTokenBytesMax);
  EXPECT_EQ(verify_token(keys(), token), longest);
  longest.address.insert(0, 200, 'a');
  EXPECT_EQ(make_token(keys().current, longest), "");
  longest.list = std::string(256, 'l');
  EXPECT_EQ(make_token(keys().current, longest), "");
  EXPECT_EQ(make_token(keys().current, Wish{}), "");
}

TEST(UnsubscribeLink, HostileTokensAreRefused) {
  for (const char* token : {"", "A", "AAAA", "AQ", "!!!!", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_FALSE(verify_token(keys(), token)) << token;
  }
  EXPECT_FALSE(verify_token(keys(), std::string(1'000'000, 'A')));
}

TEST(UnsubscribeLink, ExpiresAfterItsTime) {
  EXPECT_FALSE(is_expired(wish(), 24h, kMade + 24h));
  EXPECT_TRUE(is_expired(wish(), 24h, kMade + 24h + 1s));
  EXPECT_FALSE(is_expired(wish(), Duration::zero(), kMade + 1'000'000h));
}

}  // namespace
}  // namespace penstock::unsubscribe
