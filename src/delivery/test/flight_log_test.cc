// SPDX-License-Identifier: Apache-2.0
#include "delivery/flight_log.h"

#include <gtest/gtest.h>

#include <optional>

namespace penstock::delivery {
namespace {

queue::QueuedRecipient recipient(std::uint64_t message) {
  queue::QueuedRecipient made;
  made.message = model::MessageId{message};
  return made;
}

std::vector<std::uint64_t> seen(const FlightLog& log) {
  std::vector<std::uint64_t> all;
  log.visit([&](const queue::QueuedRecipient& each, const queue::Place&) { all.push_back(each.message.value); });
  return all;
}

TEST(FlightLog, ShowsThoseWhoseFlightHasNotEnded) {
  FlightLog log;
  const std::vector<queue::QueuedRecipient> both{recipient(1), recipient(2)};
  const auto first = log.begin(both, {});
  {
    const Flight second(log, std::vector{recipient(3)}, {});
    EXPECT_EQ(seen(log), (std::vector<std::uint64_t>{1, 2, 3}));
  }
  EXPECT_EQ(seen(log), (std::vector<std::uint64_t>{1, 2}));
  log.end(first);
  EXPECT_TRUE(seen(log).empty());
}

TEST(FlightLog, RecipientsAreItsOwnCopies) {
  FlightLog log;
  std::vector<queue::QueuedRecipient> one{recipient(7)};
  const Flight flight(log, one, {});
  one.clear();
  one.shrink_to_fit();
  EXPECT_EQ(seen(log), std::vector<std::uint64_t>{7});
}

TEST(FlightLog, IsOverWhenAllThatBeganBeforeHaveEndedWhateverCameLater) {
  FlightLog log;
  EXPECT_TRUE(log.over_before(log.next()));
  std::optional<Flight> old(std::in_place, log, std::vector{recipient(1)}, queue::Place{});
  const auto mark = log.next();
  const Flight later(log, std::vector{recipient(2)}, {});
  EXPECT_FALSE(log.over_before(mark));
  old.reset();
  EXPECT_TRUE(log.over_before(mark));
  EXPECT_FALSE(log.over_before(log.next()));
}

}  // namespace
}  // namespace penstock::delivery
