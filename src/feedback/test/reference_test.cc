// SPDX-License-Identifier: Apache-2.0
#include "feedback/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ascii.h"

namespace penstock::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const model::RecipientId kReferredRecipient{model::MessageId{0x0123456789ABCDEF}, 7};

ReferenceKeys keys() {
  ReferenceKeys keys;
  keys.current.fill(1);
  return keys;
}
std::string token() {
  return make_reference(keys().current, kReferredRecipient, "Anna@example.net", "news");
}

TEST(Reference, TellsRecipientAddressAndStream) {
  const auto reference = verify_reference(keys(), token());
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->recipient, kReferredRecipient);
  EXPECT_TRUE(reference->names("anna@example.net"));
  EXPECT_FALSE(reference->names("bob@example.net"));
  EXPECT_FALSE(reference->names(""));
  EXPECT_TRUE(reference->is_of_stream("news"));
  EXPECT_FALSE(reference->is_of_stream("receipts"));
}

TEST(Reference, FitsALocalPartAndSurvivesUpperCase) {
  EXPECT_EQ(token().size(), kReferenceBytes);
  std::string upper = token();
  for (char& c : upper) c = ascii::to_upper(c);
  EXPECT_TRUE(verify_reference(keys(), upper));
  EXPECT_LE(std::string("bounces+").size() + kReferenceBytes, 64U);
}

TEST(Reference, AnyChangedCharacterIsRefused) {
  const std::string good = token();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(verify_reference(keys(), bad)) << i;
  }
  EXPECT_FALSE(verify_reference(keys(), good.substr(1)));
  EXPECT_FALSE(verify_reference(keys(), good + "a"));
  EXPECT_FALSE(verify_reference(keys(), std::string(kReferenceBytes, '0')));
}

TEST(Reference, PreviousKeyIsAcceptedAndOthersAreNot) {
  ReferenceKeys rotated;
  rotated.current.fill(2);
  EXPECT_FALSE(verify_reference(rotated, token()));
  rotated.previous = {ReferenceKey{}, keys().current};
  const auto reference = verify_reference(rotated, token());
  ASSERT_TRUE(reference);
  EXPECT_TRUE(reference->names("anna@example.net"));
}

TEST(ReferenceCandidates, AreRunsOfTheRightLength) {
  EXPECT_THAT(reference_candidates("b+" + token() + "@bounces.example.com"), ElementsAre(token()));
  EXPECT_THAT(reference_candidates(token() + "a"), IsEmpty());
  std::string many;
  for (int i = 0; i < 100; ++i) many += token() + " ";
  EXPECT_THAT(reference_candidates(many), SizeIs(8));
}

TEST(Expand, ReplacesEveryPlace) {
  EXPECT_EQ(expand("b+{ref}@example.com", "x"), "b+x@example.com");
  EXPECT_EQ(expand("plain@example.com", "x"), "plain@example.com");
}

}  // namespace
}  // namespace penstock::feedback
