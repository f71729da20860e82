// SPDX-License-Identifier: Apache-2.0
#include "queue/selection.h"

#include "queue/errc.h"
#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;

namespace {

class Selections : public ::testing::Test {
 protected:
  Selections() {
    recipient_.message = model::MessageId{77};
    recipient_.index = 3;
    recipient_.domain = names_.intern("slow.example");
    recipient_.labels = labels_.intern({.stream = "news", .tenant = "acme", .campaign = "c1", .vmta = "v1"}, names_);
    place_.provider = names_.intern("gmail");
    place_.group = names_.intern("provider:gmail");
  }
  Selection make(const SelectionText& text) { return *Selection::make(text, names_); }
  bool matches(const SelectionText& text) { return make(text).matches(recipient_, labels_, place_); }

  model::NameTable names_;
  LabelSetTable labels_;
  QueuedRecipient recipient_;
  Place place_;
};

}  // namespace

TEST_F(Selections, NothingGivenMatchesAll) {
  EXPECT_TRUE(matches({}));
  EXPECT_TRUE(make({}).matches_all());
  EXPECT_FALSE(make({.tenant = "acme"}).matches_all());
}

TEST_F(Selections, EachFieldMustMatch) {
  EXPECT_TRUE(matches({.stream = "news"}));
  EXPECT_FALSE(matches({.stream = "other"}));
  EXPECT_TRUE(matches({.tenant = "acme"}));
  EXPECT_FALSE(matches({.tenant = "acm"}));
  EXPECT_TRUE(matches({.campaign = "c1"}));
  EXPECT_FALSE(matches({.campaign = "c2"}));
  EXPECT_TRUE(matches({.domain = "slow.example"}));
  EXPECT_FALSE(matches({.domain = "example"}));
  EXPECT_TRUE(matches({.provider = "gmail"}));
  EXPECT_FALSE(matches({.provider = "yahoo"}));
  EXPECT_TRUE(matches({.path = "provider:gmail"}));
  EXPECT_FALSE(matches({.path = "provider:yahoo"}));
  EXPECT_TRUE(matches({.stream = "news", .tenant = "acme", .domain = "slow.example"}));
  EXPECT_FALSE(matches({.stream = "news", .tenant = "acme", .domain = "quick.example"}));
}

TEST_F(Selections, DomainsAreComparedWithoutCase) {
  EXPECT_TRUE(matches({.domain = "Slow.EXAMPLE"}));
}

TEST_F(Selections, UnknownPlaceDoesNotMatchAQuestionForIt) {
  place_ = {};
  EXPECT_FALSE(matches({.provider = "gmail"}));
  EXPECT_FALSE(matches({.path = "provider:gmail"}));
}

TEST_F(Selections, ChosenThenPinnedThenRequestedVmtaCounts) {
  EXPECT_TRUE(matches({.vmta = "v1"})) << "requested";
  recipient_.pinned_vmta = names_.intern("v2");
  EXPECT_TRUE(matches({.vmta = "v2"})) << "pinned";
  EXPECT_FALSE(matches({.vmta = "v1"}));
  place_.vmta = names_.intern("v3");
  EXPECT_TRUE(matches({.vmta = "v3"})) << "chosen";
  EXPECT_FALSE(matches({.vmta = "v2"}));
}

TEST_F(Selections, MessageAndRecipientByTheirIds) {
  const std::string message = format_id(recipient_.message);
  EXPECT_TRUE(matches({.message = message}));
  EXPECT_FALSE(matches({.message = format_id(model::MessageId{78})}));
  EXPECT_TRUE(matches({.recipient = message + ".3"}));
  EXPECT_FALSE(matches({.recipient = message + ".4"}));
  EXPECT_TRUE(matches({.message = message, .recipient = message + ".3"}));
}

TEST_F(Selections, WrongIdsAreRefused) {
  for (const SelectionText& text :
       {SelectionText{.message = "nonsense"}, SelectionText{.recipient = "nonsense"},
        SelectionText{.recipient = format_id(model::MessageId{1})},
        SelectionText{.message = format_id(model::MessageId{1}), .recipient = format_id(model::MessageId{2}) + ".0"}}) {
    const auto made = Selection::make(text, names_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(), make_error_code(Errc::BadSelection));
    EXPECT_FALSE(made.error().detail.empty());
  }
}

TEST_F(Selections, KnowWhatTheyNeed) {
  EXPECT_TRUE(make({.stream = "a", .tenant = "b", .campaign = "c"}).only_labels());
  EXPECT_TRUE(make({}).only_labels());
  for (const SelectionText& text :
       {SelectionText{.domain = "d"}, SelectionText{.provider = "p"}, SelectionText{.vmta = "v"},
        SelectionText{.path = "x"}, SelectionText{.message = format_id(model::MessageId{1})}})
    EXPECT_FALSE(make(text).only_labels());
  EXPECT_FALSE(make({.tenant = "b", .domain = "d"}).needs_place());
  EXPECT_TRUE(make({.provider = "p"}).needs_place());
  EXPECT_TRUE(make({.vmta = "p"}).needs_place());
  EXPECT_TRUE(make({.path = "p"}).needs_place());
}

TEST_F(Selections, AreWrittenAsPeopleGiveThem) {
  EXPECT_EQ(make({}).to_string(names_), "everything");
  EXPECT_EQ(make({.stream = "news", .domain = "slow.example"}).to_string(names_), "stream=news domain=slow.example");
  const std::string id = format_id(model::MessageId{5});
  EXPECT_EQ(make({.message = id}).to_string(names_), "message=" + id);
  EXPECT_EQ(make({.provider = "gmail", .path = "provider:gmail", .recipient = id + ".2"}).to_string(names_),
            "provider=gmail path=provider:gmail recipient=" + id + ".2");
}
