// SPDX-License-Identifier: Apache-2.0
#include "delivery/descriptors.h"

#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;

class DescriptorsTest : public ::testing::Test {
 protected:
  DescriptorsTest() {
    envelope_.id = model::MessageId{42};
    envelope_.received = clock_.wall();
    envelope_.body_bytes = 2049;
    envelope_.labels = {.stream = "news", .tenant = "shop", .campaign = "spring", .vmta = "v2"};
    envelope_.recipients = {{"a@one.example", "", 0}, {"b@one.example", "", 0}, {"\"x@y\"@two.example", "", 0}};
  }
  std::vector<queue::QueuedRecipient> make() {
    std::vector<queue::QueuedRecipient> all;
    append_descriptors(envelope_, clock_, names_, labels_, all);
    return all;
  }
  FakeClock clock_;
  model::NameTable names_;
  queue::LabelSetTable labels_;
  model::Envelope envelope_;
};

TEST_F(DescriptorsTest, EachRecipientHasItsIndexAndDomain) {
  const auto all = make();
  ASSERT_EQ(all.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].id(), (model::RecipientId{model::MessageId{42}, i}));
    EXPECT_EQ(all[i].body_kib, 3U);
    EXPECT_EQ(all[i].due, 0U);
    EXPECT_EQ(all[i].attempts, 0U);
    EXPECT_EQ(all[i].hold, queue::HoldReason::None);
    EXPECT_FALSE(all[i].pinned_vmta);
    EXPECT_EQ(queue::time_of(all[i].received), clock_.now());
  }
  EXPECT_EQ(all[0].domain, all[1].domain);
  EXPECT_EQ(names_.view(all[0].domain), "one.example");
  EXPECT_EQ(names_.view(all[2].domain), "two.example");
  const queue::LabelSet& labels = labels_.view(all[0].labels);
  EXPECT_EQ(names_.view(labels.stream), "news");
  EXPECT_EQ(names_.view(labels.tenant), "shop");
  EXPECT_EQ(names_.view(labels.campaign), "spring");
  EXPECT_EQ(names_.view(labels.vmta), "v2");
}

TEST_F(DescriptorsTest, FirstAttemptIsATimeOfTheSchedule) {
  clock_.step_wall(1h);  // the schedule does not follow
  envelope_.received = clock_.wall();
  envelope_.first_attempt = clock_.wall() + 30min + 1us;
  const auto all = make();
  EXPECT_EQ(queue::time_of(all[0].due), clock_.now() + 30min + 1s);
  EXPECT_EQ(queue::time_of(all[0].received), clock_.now());
}

TEST_F(DescriptorsTest, AppendsToWhatIsThere) {
  std::vector<queue::QueuedRecipient> all(1);
  append_descriptors(envelope_, clock_, names_, labels_, all);
  EXPECT_EQ(all.size(), 4U);
}

}  // namespace
}  // namespace penstock::delivery
