// SPDX-License-Identifier: Apache-2.0
// Commands over recipients that no queue holds at that moment: their receiver, or the DNS, takes its time.
#include "app/job_runner.h"

#include <gmock/gmock.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "api/errc.h"
#include "app/test/node_fixture.h"
#include "app/test/slow_dns.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

// Answers the first RCPT not before it is told what, later ones alike at once.
class SlowReceiver {
 public:
  SlowReceiver() : acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}), thread_([this] { serve(); }) {}
  ~SlowReceiver() {
    answer("451 4.3.0 later");
    acceptor_.close();
    thread_.join();
  }
  SlowReceiver(const SlowReceiver&) = delete;
  SlowReceiver& operator=(const SlowReceiver&) = delete;
  [[nodiscard]] std::string relay() const { return fmt::format("127.0.0.1:{}", acceptor_.local_endpoint().port()); }
  void answer(const std::string& reply) {
    if (!answered_) told_.set_value(reply);
    answered_ = true;
  }
  void wait_for_rcpt() { ASSERT_EQ(asked_.get_future().wait_for(10s), std::future_status::ready); }

 private:
  void serve() {
    tcp::socket socket(io_);
    boost::system::error_code error;
    acceptor_.accept(socket, error);
    if (error) return;
    const auto say = [&](const std::string& line) {
      boost::asio::write(socket, boost::asio::buffer(line + "\r\n"), error);
    };
    say("220 slow.example");
    std::string pending, reply;
    while (!error) {
      const std::size_t length = boost::asio::read_until(socket, boost::asio::dynamic_buffer(pending), "\r\n", error);
      if (error) return;
      const std::string verb = pending.substr(0, 4);
      pending.erase(0, length);
      if (verb == "RCPT") {
        if (reply.empty()) {
          asked_.set_value();
          reply = told_.get_future().get();
        }
        say(reply);
      } else {
        say(verb == "QUIT" ? "221 bye" : "250 ok");
      }
      if (verb == "QUIT") return;
    }
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::promise<std::string> told_;
  std::promise<void> asked_;
  bool answered_ = false;
  std::thread thread_;
};

struct WithReceiver {
  SlowReceiver receiver_;
};

class JobInDeliveryTest : private WithReceiver, public NodeFixture {
 protected:
  JobInDeliveryTest()
      : NodeFixture("127.0.0.1:1", fmt::format("[[stream]]\nname = \"slow\"\npool = \"main\"\nroute = {{ relay = "
                                               "[\"{}\"] }}\nretry = {{ schedule = [\"1h\"] }}\n",
                                               receiver_.relay())) {}
  // In delivery when it returns.
  model::MessageId send_slowly() {
    const model::MessageId id = send({"a@one.example"}, 0s, "slow");
    receiver_.wait_for_rcpt();
    return id;
  }
  api::Job begin(api::Act what) {
    const auto job = operations_->act(request(what, "one.example"), actor_);
    EXPECT_TRUE(job);
    return job.value_or(api::Job{});
  }
  using WithReceiver::receiver_;
};

TEST_F(JobInDeliveryTest, HoldMeetsItWhenItComesBack) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Hold);
  EXPECT_EQ(waiting.state, api::JobState::Waiting);
  EXPECT_EQ(waiting.matched, 1U);
  EXPECT_EQ(waiting.in_flight, 1U);
  EXPECT_EQ(waiting.changed, 0U);
  receiver_.answer("451 4.3.0 later");
  const api::Job done = finished(waiting.id);
  EXPECT_EQ(done.state, api::JobState::Done);
  EXPECT_EQ(done.changed, 1U);
  EXPECT_EQ(done.in_flight, 0U);
  EXPECT_EQ(counts().held, 1U);
  EXPECT_EQ(counts().total(), 1U);
  ASSERT_THAT(rows(), ::testing::SizeIs(1));
  EXPECT_EQ(rows()[0].attempts, 1U);
}

TEST_F(JobInDeliveryTest, BounceMeetsItWhenItComesBack) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Bounce);
  receiver_.answer("451 4.3.0 later");
  EXPECT_EQ(finished(waiting.id).changed, 1U);
  wait_until([&] { return operations_->status()->totals.bounced == 1; });
  EXPECT_EQ(counts().total(), 0U);
}

TEST_F(JobInDeliveryTest, RerouteKeepsWhoIsDeferredJustThen) {
  send_slowly();
  api::ActRequest reroute = request(api::Act::Reroute, "one.example");
  reroute.to_stream = "other";
  const auto waiting = operations_->act(reroute, actor_);
  receiver_.answer("451 4.7.0 later");
  const api::Job done = finished(waiting->id);
  EXPECT_EQ(done.matched, 1U);
  EXPECT_EQ(done.changed, 0U);
  EXPECT_EQ(done.kept, 1U);
  EXPECT_EQ(done.detail, "1 kept: deferred for rate or reputation");
  reroute.selection = {};
  reroute.selection.recipient = "a@one.example";
  for (const bool dry_run : {true, false}) {
    reroute.dry_run = dry_run;
    const api::Job again = act(reroute);
    EXPECT_EQ(again.matched, 1U);
    EXPECT_EQ(again.changed, 0U);
    EXPECT_EQ(again.kept, 1U);
  }
  ASSERT_THAT(rows(), ::testing::SizeIs(1));
  EXPECT_EQ(rows()[0].labels.stream, "slow");
  EXPECT_EQ(rows()[0].vmta, "v1");
  reroute.force = true;
  EXPECT_EQ(act(reroute).changed, 1U);
  EXPECT_EQ(rows()[0].labels.stream, "other");
}

TEST_F(JobInDeliveryTest, RerouteMeetsItOnceWhenItComesBack) {
  send_slowly();
  api::ActRequest reroute = request(api::Act::Reroute, "one.example");
  reroute.to_stream = "other";
  reroute.force = true;
  const auto waiting = operations_->act(reroute, actor_);
  receiver_.answer("451 4.3.0 later");
  EXPECT_EQ(finished(waiting->id).changed, 1U);
  ASSERT_THAT(rows(), ::testing::SizeIs(1));
  EXPECT_EQ(rows()[0].labels.stream, "other");
  EXPECT_EQ(rows()[0].state, api::RecipientState::Deferred);
}

TEST_F(JobInDeliveryTest, RetryAttemptsItOnceMoreWhenItWasDeferredJustThen) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Retry);
  EXPECT_EQ(waiting.in_flight, 1U);
  receiver_.answer("451 4.3.0 later");
  EXPECT_EQ(finished(waiting.id).changed, 1U);
  wait_until([&] { return counts().deferred == 1 && rows().at(0).attempts == 2; });
}

TEST_F(JobInDeliveryTest, AddressMeetsItWhenItComesBack) {
  send_slowly();
  api::ActRequest hold = request(api::Act::Hold);
  hold.selection = {};
  hold.selection.recipient = "a@one.example";
  hold.dry_run = true;
  const api::Job dry = act(hold);
  EXPECT_EQ(dry.matched, 1U);
  EXPECT_EQ(dry.in_flight, 1U);
  hold.dry_run = false;
  const auto waiting = operations_->act(hold, actor_);
  EXPECT_EQ(waiting->state, api::JobState::Waiting);
  receiver_.answer("451 4.3.0 later");
  EXPECT_EQ(finished(waiting->id).changed, 1U);
  EXPECT_EQ(counts().held, 1U);
}

TEST_F(JobInDeliveryTest, DryRunCountsItAndDoesNotWait) {
  send_slowly();
  api::ActRequest hold = request(api::Act::Hold, "one.example");
  hold.dry_run = true;
  const api::Job dry = act(hold);
  EXPECT_EQ(dry.state, api::JobState::Done);
  EXPECT_EQ(dry.matched, 1U);
  EXPECT_EQ(dry.in_flight, 1U);
  receiver_.answer("451 4.3.0 later");
  wait_until([&] { return counts().deferred == 1; });
  EXPECT_EQ(counts().held, 0U);
}

TEST_F(JobInDeliveryTest, DeliveredAfterAllEndsTheJobUnchanged) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Hold);
  receiver_.answer("550 5.1.1 no such user");
  const api::Job done = finished(waiting.id);
  EXPECT_EQ(done.state, api::JobState::Done);
  EXPECT_EQ(done.matched, 1U);
  EXPECT_EQ(done.changed, 0U);
}

TEST_F(JobInDeliveryTest, CancelledJobMeetsNobody) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Hold);
  const auto cancelled = operations_->cancel_job(waiting.id, actor_);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->state, api::JobState::Cancelled);
  receiver_.answer("451 4.3.0 later");
  wait_until([&] { return counts().deferred == 1; });
  EXPECT_EQ(counts().held, 0U);
}

TEST_F(JobInDeliveryTest, MailThatCameAfterTheCommandIsNotMet) {
  send_slowly();
  const api::Job waiting = begin(api::Act::Hold);
  send({"b@one.example"}, 1h, "slow");
  receiver_.answer("451 4.3.0 later");
  EXPECT_EQ(finished(waiting.id).changed, 1U);
  EXPECT_EQ(counts().held, 1U);
  EXPECT_EQ(counts().scheduled, 1U);
}

struct WithDns {
  SlowDns dns_;
};

class JobInLookUpTest : private WithDns, public NodeFixture {
 protected:
  JobInLookUpTest() : NodeFixture(dns_.upstream(), "[[stream]]\nname = \"mx\"\npool = \"main\"\n") {}
  using WithDns::dns_;
};

TEST_F(JobInLookUpTest, HoldMeetsItAfterTheLookUp) {
  send({"a@one.example"}, 0s, "mx");
  dns_.wait_for_question();
  const auto waiting = operations_->act(request(api::Act::Hold, "one.example"), actor_);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->state, api::JobState::Waiting);
  EXPECT_EQ(waiting->in_flight, 1U);
  dns_.go_on();
  EXPECT_EQ(finished(waiting->id).changed, 1U);
  EXPECT_EQ(counts().held, 1U);
}

}  // namespace
}  // namespace penstock::app
