// SPDX-License-Identifier: Apache-2.0
#include "queue/pause_set.h"

#include "queue/errc.h"
#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;

namespace {

constexpr Time kNow{1'800'000'000s};

class Pauses : public ::testing::Test {
 protected:
  Pause pause(std::uint64_t id, const SelectionText& text, std::optional<Time> until = std::nullopt) {
    return {.id = PauseId{id}, .selection = *Selection::make(text, names_), .since = kNow, .until = until};
  }
  LabelSet tenant(const char* name) { return {.tenant = names_.intern(name)}; }

  model::NameTable names_;
  LabelSetTable labels_;
  PauseSet pauses_;
};

}  // namespace

TEST_F(Pauses, FirstThatCoversTheRecipientIsFound) {
  ASSERT_TRUE(pauses_.add(pause(1, {.domain = "slow.example"})));
  ASSERT_TRUE(pauses_.add(pause(2, {.tenant = "acme"})));
  QueuedRecipient recipient = labelled(1, labels_.intern(tenant("acme")));
  EXPECT_EQ(pauses_.find(recipient, labels_, {})->id, PauseId{2});
  recipient.domain = names_.intern("slow.example");
  EXPECT_EQ(pauses_.find(recipient, labels_, {})->id, PauseId{1});
  EXPECT_EQ(pauses_.find(numbered(1), labels_, {}), nullptr);
}

TEST_F(Pauses, FlowIsCoveredOnlyByLabelsAlone) {
  ASSERT_TRUE(pauses_.add(pause(1, {.tenant = "acme", .domain = "slow.example"})));
  EXPECT_EQ(pauses_.find(tenant("acme")), nullptr);
  ASSERT_TRUE(pauses_.add(pause(2, {.tenant = "acme"})));
  EXPECT_EQ(pauses_.find(tenant("acme"))->id, PauseId{2});
  EXPECT_EQ(pauses_.find(tenant("other")), nullptr);
}

TEST_F(Pauses, VersionChangesWithTheSetOnly) {
  const auto before = pauses_.version();
  ASSERT_TRUE(pauses_.add(pause(1, {})));
  const auto added = pauses_.version();
  EXPECT_NE(added, before);
  EXPECT_FALSE(pauses_.remove(PauseId{2}));
  EXPECT_TRUE(pauses_.expire(kNow + 1000h).empty());
  EXPECT_EQ(pauses_.version(), added);
  EXPECT_TRUE(pauses_.remove(PauseId{1}));
  EXPECT_NE(pauses_.version(), added);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Pauses, EndByThemselvesAtTheirTime) {
  ASSERT_TRUE(pauses_.add(pause(1, {.tenant = "a"}, kNow + 2h)));
  ASSERT_TRUE(pauses_.add(pause(2, {.tenant = "b"})));
  ASSERT_TRUE(pauses_.add(pause(3, {.tenant = "c"}, kNow + 1h)));
  EXPECT_EQ(pauses_.next_expiry(), kNow + 1h);
  EXPECT_TRUE(pauses_.expire(kNow + 1h - 1us).empty());
  const auto ended = pauses_.expire(kNow + 1h);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].id, PauseId{3});
  EXPECT_EQ(pauses_.next_expiry(), kNow + 2h);
  EXPECT_EQ(pauses_.expire(kNow + 10h).size(), 1U);
  EXPECT_EQ(pauses_.next_expiry(), std::nullopt);
  ASSERT_EQ(pauses_.all().size(), 1U);
  EXPECT_EQ(pauses_.all()[0].id, PauseId{2});
}

TEST_F(Pauses, NumberIsBounded) {
  for (std::uint64_t id = 1; id <= PauseSet::kMax; ++id) {
    // The id is looked for among all others, so a few are enough to check that; here the bound counts.
    Pause one = pause(id, {});
    ASSERT_TRUE(pauses_.add(std::move(one)));
  }
  const auto refused = pauses_.add(pause(PauseSet::kMax + 1, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), make_error_code(Errc::TooMany));
  EXPECT_TRUE(pauses_.remove(PauseId{1}));
  EXPECT_TRUE(pauses_.add(pause(PauseSet::kMax + 1, {})));
}

TEST_F(Pauses, IdIsNewAndNotZero) {
  ASSERT_TRUE(pauses_.add(pause(1, {})));
  EXPECT_DEATH((void)pauses_.add(pause(1, {})), "");
  EXPECT_DEATH((void)pauses_.add(pause(0, {})), "");
}
