// SPDX-License-Identifier: Apache-2.0
#include "app/selection_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/errc.h"
#include "app/node_operations.h"
#include "spool/test/box.h"

namespace penstock::app {
namespace {

using ::testing::HasSubstr;

class SelectionMatchTest : public ::testing::Test {
 protected:
  SelectionMatch make(const api::Selection& selection) {
    auto made = SelectionMatch::make(selection, names_);
    EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
    return std::move(*made);
  }
  queue::QueuedRecipient recipient(const std::string& domain, const model::Labels& labels) {
    queue::QueuedRecipient made;
    made.message = model::MessageId{7};
    made.domain = names_.intern(domain);
    made.labels = labels_.intern(labels, names_);
    return made;
  }
  bool matches(const api::Selection& selection, const queue::Place& place = {}) {
    return make(selection).may_match(recipient("one.example", {"news", "shop", "spring", "", ""}), labels_, place);
  }
  static api::Selection with(std::string api::Selection::*field, const std::string& value) {
    api::Selection made;
    made.*field = value;
    return made;
  }
  model::NameTable names_;
  queue::LabelSetTable labels_;
};

TEST_F(SelectionMatchTest, EveryFieldGivenMustFit) {
  using S = api::Selection;
  EXPECT_TRUE(matches({}));
  EXPECT_TRUE(matches(with(&S::stream, "news")));
  EXPECT_FALSE(matches(with(&S::stream, "other")));
  EXPECT_TRUE(matches(with(&S::tenant, "shop")));
  EXPECT_TRUE(matches(with(&S::campaign, "spring")));
  EXPECT_TRUE(matches(with(&S::domain, "ONE.example")));
  EXPECT_FALSE(matches(with(&S::domain, "two.example")));
  S both = with(&S::stream, "news");
  both.domain = "two.example";
  EXPECT_FALSE(matches(both));
  S message;
  message.message = model::MessageId{7};
  EXPECT_TRUE(matches(message));
  message.message = model::MessageId{8};
  EXPECT_FALSE(matches(message));
}

TEST_F(SelectionMatchTest, PathIsAVmtaAndAGroup) {
  const queue::Place place{{}, names_.intern("v1"), names_.intern("provider:gmail")};
  EXPECT_TRUE(matches(with(&api::Selection::path, "v1/provider:gmail"), place));
  EXPECT_FALSE(matches(with(&api::Selection::path, "v2/provider:gmail"), place));
  EXPECT_FALSE(matches(with(&api::Selection::path, "v1/provider:gmail")));  // not known where it would go
}

TEST_F(SelectionMatchTest, WhoWaitsFitsThePathHeWouldTake) {
  const api::Selection path = with(&api::Selection::path, "v1/provider:gmail");
  queue::Place place{names_.intern("gmail"), {}, names_.intern("provider:gmail")};
  EXPECT_TRUE(make(path).needs_places());
  EXPECT_TRUE(make(with(&api::Selection::provider, "gmail")).needs_places());
  EXPECT_FALSE(make(with(&api::Selection::vmta, "v1")).needs_places());
  EXPECT_FALSE(matches(path, place));  // any vMTA of its pool
  queue::QueuedRecipient pinned = recipient("one.example", {});
  pinned.pinned_vmta = names_.intern("v1");
  EXPECT_TRUE(make(path).may_match(pinned, labels_, place));
}

TEST_F(SelectionMatchTest, ImpossibleSelectionsAreNamed) {
  const auto problem = [this](const api::Selection& selection) {
    const auto made = SelectionMatch::make(selection, names_);
    EXPECT_FALSE(made);
    EXPECT_EQ(made.error().code, make_error_code(api::Errc::BadRequest));
    return made.error().detail;
  };
  EXPECT_THAT(problem(with(&api::Selection::path, "nonsense")), HasSubstr("\"nonsense\""));
  EXPECT_THAT(problem(with(&api::Selection::recipient, "nobody")), HasSubstr("\"nobody\""));
  api::Selection two = with(&api::Selection::path, "v1/site:x");
  two.vmta = "v2";
  EXPECT_THAT(problem(two), HasSubstr("v2"));
}

TEST_F(SelectionMatchTest, AddressIsConfirmedByTheEnvelope) {
  spool::Box box;
  box.open();
  model::Envelope envelope = spool::make_envelope(1);
  envelope.recipients = {{"Ann@one.example", "", 0}, {"bob@one.example", "", 0}};
  const auto id = box.accept(envelope, "Subject: x\r\n\r\nx\r\n");
  ASSERT_TRUE(id);
  const SelectionMatch match = make(with(&api::Selection::recipient, "ann@ONE.example"));
  EXPECT_TRUE(match.needs_confirmation());
  queue::QueuedRecipient one = recipient("one.example", {});
  EXPECT_TRUE(match.may_match(one, labels_, {}));
  EXPECT_FALSE(match.may_match(recipient("two.example", {}), labels_, {}));
  one.message = *id;
  EXPECT_TRUE(match.confirm(one, *box.spool));
  one.index = 1;
  EXPECT_FALSE(match.confirm(one, *box.spool));
  one.message = model::MessageId{1};
  EXPECT_FALSE(match.confirm(one, *box.spool));  // finished meanwhile
}

TEST(DescribeSelection, NamesWhatIsGiven) {
  api::Selection selection;
  EXPECT_EQ(describe_selection(selection), "everything");
  selection.stream = "news";
  selection.domain = "one.example";
  EXPECT_EQ(describe_selection(selection), "stream=news domain=one.example");
  selection = {};
  selection.message = model::MessageId{42};
  selection.recipient = "a@one.example";
  EXPECT_EQ(describe_selection(selection),
            "message=" + model::format_id(model::MessageId{42}) + " recipient=a@one.example");
}

TEST_F(SelectionMatchTest, StreamsOwnPathIsThePartThatCarriesItsMail) {
  using S = api::Selection;
  const auto of = [this](const char* group) { return queue::Place{{}, names_.intern("v1"), names_.intern(group)}; };
  const S path = with(&S::path, "v1/stream:news/provider:big");
  EXPECT_TRUE(matches(path, of("provider:big")));
  EXPECT_FALSE(matches(path, of("provider:other")));
  EXPECT_FALSE(matches(with(&S::path, "v1/stream:other/provider:big"), of("provider:big")));
  S both = path;
  both.stream = "other";
  const auto refused = SelectionMatch::make(both, names_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("is not one of stream other"));
}

}  // namespace
}  // namespace penstock::app
