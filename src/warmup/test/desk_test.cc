// SPDX-License-Identifier: Apache-2.0
#include "warmup/desk.h"

#include <gtest/gtest.h>

#include "base/test/temp_folder.h"

namespace penstock::warmup {
namespace {

using namespace std::chrono_literals;

class Events final : public model::EventSink {
 public:
  void record(const model::Event& event) override {
    if (event.type == model::EventType::Warmup) {
      texts.push_back(std::string(event.vmta) + "/" + std::string(event.provider) + " " + std::string(event.detail));
    }
  }
  std::vector<std::string> texts;
};

SchedulePtr make_schedule(std::vector<std::uint64_t> days) {
  auto schedule = std::make_shared<Schedule>();
  schedule->plan.days = std::move(days);
  return schedule;
}

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() { open({{{"v1", "gmail"}, make_schedule({100, 200})}}); }

  void open(std::map<AccountName, SchedulePtr> plans) {
    desk_.reset();
    writer_.reset();
    writer_ = std::move(state::Writer::open(folder_.path() + "/state.db").value());
    desk_ = std::move(Desk::open({*writer_, clock_, metrics_, events_}, schedules(std::move(plans))).value());
  }
  static SchedulesPtr schedules(std::map<AccountName, SchedulePtr> plans) {
    return std::make_shared<const Schedules>(Schedules{std::move(plans)});
  }
  void send_for_a_day(std::string_view vmta, std::string_view provider) {
    const MeterPtr meter = desk_->find(vmta, provider);
    Share share(meter);
    for (int i = 0; i < 24 * 60; ++i) {
      const std::uint32_t may = share.reserve(100);
      share.settle(may, may);
      clock_.advance(1min);
    }
  }
  Ledger ledger(const char* vmta, const char* provider) {
    for (const Standing& one : desk_->list()) {
      if (one.name == AccountName{vmta, provider}) return one.ledger;
    }
    return {};
  }

  TempFolder folder_;
  FakeClock clock_{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}}};
  metrics::Registry metrics_;
  Events events_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<Desk> desk_;
};

TEST_F(DeskTest, OnlyPlannedProvidersAreLimited) {
  EXPECT_NE(desk_->find("v1", "gmail"), nullptr);
  EXPECT_EQ(desk_->find("v1", "yahoo"), nullptr);
  EXPECT_EQ(desk_->find("v1", ""), nullptr);
  EXPECT_EQ(desk_->find("v2", "gmail"), nullptr);
}

TEST_F(DeskTest, EachProviderHasAnAccountOfItsOwn) {
  open({{{"v1", "*"}, make_schedule({100})},
        {{"v1", "gmail"}, make_schedule({70})},
        {{"v1", "other"}, make_schedule({9})}});
  EXPECT_EQ(desk_->list().size(), 2U);  // those that are named
  const MeterPtr yahoo = desk_->find("v1", "yahoo");
  ASSERT_NE(yahoo, nullptr);
  EXPECT_NE(yahoo, desk_->find("v1", "comcast"));
  EXPECT_EQ(yahoo, desk_->find("v1", "yahoo"));
  EXPECT_EQ(ledger("v1", "gmail").planned, 70U);
  EXPECT_EQ(desk_->find("v1", "")->name().provider, "other");
  EXPECT_EQ(desk_->list().size(), 4U);
}

TEST_F(DeskTest, CountsSurviveARestart) {
  send_for_a_day("v1", "gmail");
  desk_->tick();  // the second day begins
  Share share(desk_->find("v1", "gmail"));
  clock_.advance(1h);
  const std::uint32_t may = share.reserve(100);
  share.settle(may, may);
  EXPECT_GT(may, 0U);
  desk_->tick();
  writer_->stop();  // as a kill after the tick: flush() is not called
  open({{{"v1", "gmail"}, make_schedule({100, 200})}});
  const Ledger after = ledger("v1", "gmail");
  EXPECT_EQ(after.planned, 200U);
  EXPECT_EQ(after.counts.taken, may);
  EXPECT_EQ(after.days, 1U);
}

TEST_F(DeskTest, PlanThatGoesAndComesBackGoesOn) {
  send_for_a_day("v1", "gmail");
  desk_->tick();
  desk_->set_schedules(schedules({}));
  EXPECT_EQ(desk_->find("v1", "gmail"), nullptr);
  EXPECT_TRUE(desk_->list().empty());
  desk_->set_schedules(schedules({{{"v1", "gmail"}, make_schedule({100, 200, 300})}}));
  EXPECT_EQ(ledger("v1", "gmail").planned, 200U);
}

TEST_F(DeskTest, DecisionsAreEvents) {
  send_for_a_day("v1", "gmail");
  desk_->tick();
  ASSERT_EQ(events_.texts.size(), 1U);
  EXPECT_TRUE(events_.texts[0].starts_with("v1/gmail 200 may be taken, 100 before: ")) << events_.texts[0];
}

TEST_F(DeskTest, ComplaintsReachTheAccount) {
  send_for_a_day("v1", "gmail");
  for (int i = 0; i < 3; ++i) desk_->complained("v1", "gmail");
  desk_->complained("v1", "yahoo");
  desk_->complained("v9", "");
  EXPECT_EQ(ledger("v1", "gmail").counts.complaints, 3U);
  EXPECT_EQ(ledger("v1", "gmail").cut, Step::CutHalf);
}

TEST_F(DeskTest, FailuresThatAreReportedLaterReachTheAccount) {
  send_for_a_day("v1", "gmail");
  model::Outcome outcome{model::OutcomeKind::Bounced,
                         model::Step::Rcpt,
                         model::OutcomeClass::InvalidMailbox,
                         {550, {5, 1, 1}, "no such user"}};
  desk_->failed_late("v1", "gmail", outcome);
  desk_->failed_late("v1", "yahoo", outcome);
  outcome.outcome_class = model::OutcomeClass::MailboxFull;
  desk_->failed_late("v1", "gmail", outcome);
  EXPECT_EQ(ledger("v1", "gmail").counts.bounced, 1U) << "a full mailbox says nothing of the sender";
}

TEST_F(DeskTest, OperatorPausesAndSetsTheDay) {
  EXPECT_FALSE(desk_->pause({"v1", "yahoo"}, "root", ""));
  EXPECT_TRUE(desk_->pause({"v1", "gmail"}, "root", "complaints"));
  const Ledger paused = ledger("v1", "gmail");
  EXPECT_TRUE(paused.paused);
  EXPECT_EQ(paused.paused_by, "root");
  EXPECT_EQ(paused.paused_why, "complaints");
  EXPECT_NE(paused.paused_since, Time{});
  desk_->flush();
  open({{{"v1", "gmail"}, make_schedule({100, 200})}});
  EXPECT_EQ(ledger("v1", "gmail"), paused) << "a restart keeps who, when and why";
  EXPECT_TRUE(desk_->resume({"v1", "gmail"}));
  EXPECT_FALSE(ledger("v1", "gmail").paused);
  EXPECT_EQ(ledger("v1", "gmail").paused_by, "");
  EXPECT_EQ(desk_->set_day({"v1", "gmail"}, 2), Desk::Set::Done);
  EXPECT_EQ(desk_->set_day({"v1", "gmail"}, 3), Desk::Set::NoDay);
  EXPECT_EQ(desk_->set_day({"v1", "yahoo"}, 1), Desk::Set::NoAccount);
  EXPECT_EQ(desk_->list()[0].allowance, 200U);
}

TEST_F(DeskTest, MetricsTellAllowanceAndUse) {
  send_for_a_day("v1", "gmail");
  desk_->tick();
  const std::string text = metrics_.text();
  EXPECT_NE(text.find("penstock_warmup_allowance{provider=\"gmail\",vmta=\"v1\"} 200"), std::string::npos) << text;
  EXPECT_NE(text.find("penstock_warmup_decisions_total 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace penstock::warmup
