// SPDX-License-Identifier: Apache-2.0
// Deliveries over loopback connections: limits, reuse, trouble.
#include "delivery/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test/two_domains.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class DispatcherTest : public TwoDomains {
 protected:
  void answer(const std::string& verb, const std::string& reply) {
    receiver_->set_answer([=](const Heard& heard) { return heard.verb == verb ? reply : std::string(); });
  }
};

TEST_F(DispatcherTest, RecipientsOfADomainShareATransaction) {
  desk_.send({"a@one.example", "b@one.example", "c@two.example"});
  wait_for(EventType::Delivered, 3);
  ASSERT_THAT(receiver_->mails(), SizeIs(2));
  std::vector<std::vector<std::string>> recipients{receiver_->mails()[0].recipients, receiver_->mails()[1].recipients};
  EXPECT_THAT(recipients,
              UnorderedElementsAre(ElementsAre("a@one.example", "b@one.example"), ElementsAre("c@two.example")));
  EXPECT_EQ(receiver_->mails()[0].sender, "news@shop.example");
  EXPECT_EQ(receiver_->mails()[0].source, "127.0.0.2");
  EXPECT_EQ(receiver_->mails()[0].text, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].source_address, "127.0.0.2");
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(DispatcherTest, RecipientsPerMessageSplitsAMessage) {
  desk_.change_plan([](Plan& plan) { plan.streams[0].recipients_per_message = 2; });
  desk_.send({"a@one.example", "b@one.example", "c@one.example"});
  wait_for(EventType::Delivered, 3);
  EXPECT_THAT(receiver_->mails(), SizeIs(2));
}

TEST_F(DispatcherTest, EightBitMailBouncesAtAReceiverWithoutItWhereAsked) {
  answer("EHLO", "250 mx.one.example");
  desk_.change_plan([](Plan& plan) { plan.timeouts.idle = 1ms; });
  const auto send = [&] {
    model::Envelope envelope = desk_.envelope({"a@one.example"});
    envelope.body_kind = model::BodyKind::EightBitMime;
    desk_.admit(desk_.store(envelope, "Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n"));
  };
  send();
  wait_for(EventType::Delivered, 1);
  desk_.run_until([&] { return receiver_->open() == 0; });
  desk_.change_plan([](Plan& plan) { plan.eight_bit = false; });
  send();
  wait_for(EventType::Bounced, 1);
  EXPECT_EQ(desk_.events.of(EventType::Bounced)[0].reply.enhanced, (model::EnhancedStatus{5, 6, 3}));
}

TEST_F(DispatcherTest, ConnectionEndsAfterItsMessages) {
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.default_limits.messages_per_connection = 2;
  });
  send_many(6);
  wait_for(EventType::Delivered, 6);
  desk_.run_until([&] { return receiver_->count("QUIT") == 3; });
  EXPECT_EQ(receiver_->total(), 3U);
}

TEST_F(DispatcherTest, IdleConnectionIsUsedAgain) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->total(), 1U);
}

TEST_F(DispatcherTest, IdleConnectionEndsAfterItsTime) {
  desk_.change_plan([](Plan& plan) { plan.timeouts.idle = 1ms; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.run_until([&] { return receiver_->open() == 0; });
  EXPECT_EQ(receiver_->count("QUIT"), 1U);
}

TEST_F(DispatcherTest, ShorterTimeOutOfAProviderIsTheOneThatCuts) {
  desk_.change_plan([&](Plan& plan) {
    plan.providers = dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"big", {"mx.one.example"}, {}}});
    plan.provider_names = {desk_.names.intern("big")};
    plan.provider_groups = {desk_.names.intern("provider:big")};
    plan.provider_limits = {plan.default_limits};
    auto shorter = std::make_shared<Timeouts>(plan.timeouts);
    shorter->end_of_data = 20ms;
    plan.provider_timeouts = {shorter};
  });
  receiver_->hold();
  desk_.send({"a@two.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.send({"b@one.example"});
  wait_for(EventType::Deferred, 1);
  const Recorded cut = desk_.events.of(EventType::Deferred)[0];
  EXPECT_EQ(cut.recipient, "b@one.example");
  EXPECT_EQ(cut.step, model::Step::EndOfData);
  EXPECT_EQ(cut.outcome_class, model::OutcomeClass::Timeout);
  receiver_->release();
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].recipient, "a@two.example");
}

TEST_F(DispatcherTest, OwnTimeOutOfADomainHoldsForItsPathAlone) {
  desk_.change_plan([](Plan& plan) {
    plan.domains["one.example"].limits = shaping::Limits{};
    plan.domains["one.example"].timeouts.idle = 1ms;
  });
  desk_.send({"a@one.example", "b@two.example"});
  wait_for(EventType::Delivered, 2);
  desk_.run_until([&] { return receiver_->count("QUIT") == 1 && receiver_->open() == 1; });
  EXPECT_EQ(receiver_->total(), 2U);
}

TEST_F(DispatcherTest, PathRulesHaveTimeOutsAndBackOffOfTheirOwn) {
  desk_.change_plan([&](Plan& plan) {
    plan.domains["one.example"].limits.emplace();
    plan.domains["one.example"].timeouts.rset = 7s;
    PathRule rule;
    rule.vmtas = {desk_.names.intern("v1")};
    rule.timeouts.mail = 1min;
    rule.timeouts.rset = 9s;
    rule.timeouts.end_of_data = 20ms;
    rule.backoff.connections = 2;
    PathRule of_domain;
    of_domain.domain = "one.example";
    of_domain.timeouts.mail = 2min;
    of_domain.backoff.first = 1h;
    PathRule other;
    other.vmtas = {desk_.names.intern("v2")};
    other.timeouts.mail = 3min;
    plan.path_rules = {rule, of_domain, other};
    plan.paths_say_more = true;
  });
  receiver_->hold();
  desk_.send({"a@one.example", "b@two.example"});
  wait_for(EventType::Deferred, 2);
  for (const Recorded& cut : desk_.events.of(EventType::Deferred)) {
    EXPECT_EQ(cut.step, model::Step::EndOfData);
    EXPECT_EQ(cut.outcome_class, model::OutcomeClass::Timeout);
  }
  for (const auto& [key, path] : desk_.dispatcher().paths()) {
    const bool of_one = desk_.names.view(key.group) == "domain:one.example";
    ASSERT_FALSE(path->lanes().empty());
    const TimeoutsPtr timeouts = desk_.dispatcher().timeouts_of(*path->lanes().begin()->second);
    EXPECT_EQ(timeouts->mail, Duration{of_one ? 2min : 1min});
    EXPECT_EQ(timeouts->rset, Duration{of_one ? 7s : 9s}) << "what is said of the domain is narrower";
    const shaping::AdaptivePolicy& own = path->limiter().scopes().front()->policy();
    EXPECT_EQ(own.backoff_connections, 2U);
    EXPECT_EQ(own.backoff_first, of_one ? Duration{1h} : shaping::AdaptivePolicy{}.backoff_first);
  }
  // A reload takes it back.
  desk_.change_plan([](Plan& plan) {
    plan.path_rules.clear();
    plan.paths_say_more = false;
  });
  receiver_->release();
  desk_.clock.advance(1min);
  wait_for(EventType::Delivered, 2);
  for (const auto& [key, path] : desk_.dispatcher().paths()) {
    EXPECT_EQ(path->limiter().scopes().front()->policy().backoff_connections, 0U);
  }
}

TEST_F(DispatcherTest, PathRuleHoldsForItsVmtaAndReceiverAlone) {
  desk_.change_plan([&](Plan& plan) {
    plan.providers = dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"big", {"mx.one.example"}, {}}});
    plan.provider_names = {desk_.names.intern("big")};
    plan.provider_groups = {desk_.names.intern("provider:big")};
    plan.provider_limits = {plan.default_limits};
    plan.domains["sub.one.example"].limits = shaping::Limits{.recipients_per_message = 7};
    PathRule rule;
    rule.vmtas = {desk_.names.intern("v1")};
    rule.provider = desk_.names.intern("big");
    rule.limits.connections = 3;
    rule.limits.recipients_per_message = 9;
    PathRule other = rule;
    other.vmtas = {desk_.names.intern("v2")};
    other.limits.connections = 4;
    PathRule of_domain;
    of_domain.domain = "*.one.example";
    of_domain.limits.messages_per_connection = 5;
    plan.path_rules = {rule, other, of_domain};
  });
  desk_.dns.mx("sub.one.example", {{10, "mx.one.example"}});
  desk_.send({"a@one.example", "b@sub.one.example", "c@two.example"});
  wait_for(EventType::Delivered, 3);
  std::map<std::string, shaping::Limits> own, home;
  for (const auto& [key, path] : desk_.dispatcher().paths()) {
    const std::string group(desk_.names.view(key.group));
    own[group] = path->limiter().scopes().front()->limits();
    home[group] = path->limiter().scopes().back()->limits();
  }
  const auto usual = desk_.plan->default_limits;
  EXPECT_EQ(own["provider:big"].connections, 3U);
  EXPECT_EQ(own["provider:big"].messages_per_connection, usual.messages_per_connection);
  EXPECT_EQ(own["domain:sub.one.example"].connections, 3U);
  EXPECT_EQ(own["domain:sub.one.example"].recipients_per_message, 7U) << "[[domain]] goes before [[path]] without one";
  EXPECT_EQ(own["domain:sub.one.example"].messages_per_connection, 5U) << "and [[path]] with one before [[domain]]";
  EXPECT_EQ(home["domain:sub.one.example"].recipients_per_message, 9U);
  EXPECT_EQ(own["site:mx.two.example"], usual);
  desk_.change_plan([](Plan& plan) { plan.path_rules.front().limits.connections = 2; });
  desk_.send({"d@one.example"});
  wait_for(EventType::Delivered, 4);
  std::map<std::string, shaping::Limits> now;
  for (const auto& [key, path] : desk_.dispatcher().paths()) {
    now[std::string(desk_.names.view(key.group))] = path->limiter().scopes().front()->limits();
  }
  EXPECT_EQ(now["provider:big"].connections, 2U);
}

TEST_F(DispatcherTest, NumberOfMessagesAfterWhichTheReceiverEndsConnectionsIsLearned) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->set_answer([mails = std::make_shared<std::map<std::uint32_t, int>>()](const Heard& heard) {
    return heard.verb == "MAIL" && ++(*mails)[heard.connection] > 3 ? std::string("close") : std::string();
  });
  send_many(9);
  wait_for(EventType::Delivered, 9);
  desk_.send({"more@one.example"});
  wait_for(EventType::Delivered, 10);
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  auto& cap = desk_.dispatcher().paths().begin()->second->limiter().scopes().front()->message_cap();
  EXPECT_EQ(cap.allowed(desk_.clock.now()), 3U);
  const auto quits = receiver_->count("QUIT");
  send_many(6);
  wait_for(EventType::Delivered, 16);
  EXPECT_GT(receiver_->count("QUIT"), quits) << "we end them ourselves now";
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
}

TEST_F(DispatcherTest, ConnectionThatExpiresTellsItsNumberOfMessages) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->set_answer([mails = std::make_shared<std::map<std::uint32_t, int>>()](const Heard& heard) {
    const bool over = heard.verb == "MAIL" && ++(*mails)[heard.connection] > 3;
    return over ? std::string("421 4.7.0 Connection expired, try reconnecting.") : std::string();
  });
  send_many(12);
  wait_for(EventType::Deferred, 3);
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  auto& cap = desk_.dispatcher().paths().begin()->second->limiter().scopes().front()->message_cap();
  EXPECT_EQ(cap.allowed(desk_.clock.now()), 3U);
}

// It neither ends the connection nor says why; whoever went on would defer one recipient after the other.
TEST_F(DispatcherTest, ConnectionThatIsRefusedWhileItTriesMoreIsEndedAndTwiceIsALimit) {
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.default_limits.messages_per_connection = 10;
    plan.default_limits.messages_per_connection_start = 2;
  });
  receiver_->set_answer([mails = std::make_shared<std::map<std::uint32_t, int>>()](const Heard& heard) {
    const bool over = heard.verb == "MAIL" && ++(*mails)[heard.connection] > 3;
    return over ? std::string("451 4.3.2 Server busy. Please try again later.") : std::string();
  });
  send_many(20);
  wait_for(EventType::Delivered, 18);
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 2U);
  auto& cap = desk_.dispatcher().paths().begin()->second->limiter().scopes().front()->message_cap();
  EXPECT_EQ(cap.allowed(desk_.clock.now()), 3U);
}

TEST_F(DispatcherTest, ReloadGivesPathsOtherRulesOfBackOff) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.change_plan([](Plan& plan) {
    shaping::AdaptivePolicy policy;
    policy.backoff_connections = 3;
    plan.default_policy = std::make_shared<const shaping::AdaptivePolicy>(policy);
  });
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 2);
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  EXPECT_EQ(desk_.dispatcher().paths().begin()->second->limiter().scopes().front()->policy().backoff_connections, 3U);
}

TEST_F(DispatcherTest, KeptConnectionThatIsGoneCostsNoAttempt) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  // The receiver ends the connection at the next MAIL, without a word: it had been idle for too long.
  receiver_->set_answer([](const Heard& heard) {
    return heard.verb == "MAIL" && heard.connection == 1 ? std::string("close") : std::string();
  });
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[1].attempt, 1U);
  EXPECT_EQ(receiver_->total(), 2U);
}

TEST_F(DispatcherTest, DeferredIsTriedAgainInTime) {
  answer("RCPT", "450 4.2.1 later");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 1U);
  receiver_->set_answer({});
  let_pass(1min);
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].attempt, 2U);
}

TEST_F(DispatcherTest, RefusedRecipientBouncesAndHisSenderHearsOfIt) {
  desk_.dns.mx("shop.example", {{10, "mx.one.example"}});
  receiver_->set_answer([](const Heard& heard) {
    return heard.argument.find("gone@") != std::string::npos ? std::string("550 5.1.1 no such user") : std::string();
  });
  desk_.send({"gone@one.example", "here@one.example"});
  wait_for(EventType::Bounced, 1);
  desk_.run_until([&] { return receiver_->mails().size() == 2; });
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->mails()[1].sender, "");
  EXPECT_THAT(receiver_->mails()[1].recipients, ElementsAre("news@shop.example"));
  EXPECT_THAT(receiver_->mails()[1].text, HasSubstr("gone@one.example"));
}

TEST_F(DispatcherTest, NobodyIsRoutedBeforeTheRestOfHisMessage) {
  // This look-up needs no wait. On another shard the first recipient might be sent before the others arrive there.
  desk_.change_plan([&](Plan& plan) {
    plan.streams[0].route = {RouteKind::Relay, {{"127.0.0.1", receiver_->port()}}};
  });
  desk_.send({"a@one.example", "b@one.example", "c@one.example"});
  EXPECT_TRUE(desk_.dispatcher().paths().empty());
  wait_for(EventType::Delivered, 3);
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
}

TEST_F(DispatcherTest, ManyDomainsAndVmtasCostNothingOnceIdle) {
  constexpr int kDomains = 1000, kVmtas = 200;
  desk_.change_plan([&](Plan& plan) {
    plan.timeouts.idle = 1ms;
    plan.pools[0].members.clear();
    for (int i = 0; i < kVmtas; ++i) {
      Vmta vmta = plan.vmtas[0];
      vmta.text = "idle" + std::to_string(i);
      vmta.name = desk_.names.intern(vmta.text);
      vmta.source_v4 = "127.1.0." + std::to_string(i + 1);
      plan.pools[0].members.push_back({static_cast<std::uint32_t>(plan.vmtas.size()), 1});
      plan.vmta_by_name[vmta.name.value] = static_cast<std::uint32_t>(plan.vmtas.size());
      plan.vmtas.push_back(std::move(vmta));
    }
  });
  EXPECT_TRUE(desk_.dispatcher().paths().empty());  // a vMTA that nothing was sent from is no path
  for (int i = 0; i < kDomains; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".example";
    desk_.dns.mx(domain, {{10, "mx." + domain}});
    desk_.dns.a("mx." + domain, {"127.0.0.1"});
    desk_.send({"a@" + domain});
  }
  std::size_t most = 0;
  desk_.run_until([&] {
    most = std::max(most, desk_.dispatcher().paths().size());
    return receiver_->total() == kDomains;
  });
  EXPECT_GT(most, 10U);
  desk_.run_until([&] {
    desk_.clock.advance(10s);
    return desk_.dispatcher().paths().empty() && desk_.dispatcher().limiters() == 0;
  });
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
  EXPECT_EQ(desk_.dispatcher().in_flight(), 0U);
}

TEST_F(DispatcherTest, DeadHostDefersABatchAndSuspensionFlushesTheLane) {
  receiver_.reset();  // nobody listens on the port now
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.trouble.failures = 3;
    plan.trouble.first = 10min;
  });
  send_many(50);
  wait_for(EventType::Deferred, 50);
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 50U);
  const Recorded first = desk_.events.of(EventType::Deferred)[0];
  EXPECT_EQ(first.step, model::Step::Connect);
  EXPECT_EQ(first.reply.code, 0);
  EXPECT_EQ(first.outcome_class, model::OutcomeClass::Network);
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  EXPECT_EQ(desk_.dispatcher().paths().begin()->second->limiter().state(desk_.clock.now()), shaping::State::Suspended);
}

// Who drips is as late as who is silent: there is one deadline for a reply, not one for each byte of it.
TEST_F(DispatcherTest, ReplyThatDripsIsLateAtEachStep) {
  desk_.change_plan([](Plan& plan) {
    Timeouts& t = plan.timeouts;
    t.banner = t.ehlo = t.mail = t.rcpt = t.data = t.end_of_data = 100ms;
    plan.trouble.failures = 0;
  });
  std::size_t deferred = 0;
  for (const std::string verb : {"BANNER", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
    for (const char* way : {"drip 250", "half 250 fine"}) {
      answer(verb, verb == "BANNER" ? std::string(way).replace(5, 3, "220") : way);
      desk_.send({"a@one.example"});
      wait_for(EventType::Deferred, ++deferred);
      EXPECT_EQ(desk_.events.of(EventType::Deferred).back().outcome_class, model::OutcomeClass::Timeout) << verb << way;
    }
  }
  receiver_->set_answer({});
  let_pass(1min);
  wait_for(EventType::Delivered, deferred);
}

TEST_F(DispatcherTest, ConnectionThatWasOneTooManyIsGivenUpThoughItStaysOpen) {
  answer("MAIL", "451 4.7.652 The mail server [127.0.0.2] has exceeded the maximum number of connections");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(desk_.events.of(EventType::Deferred)[0].outcome_class, model::OutcomeClass::TooManyConnections);
  receiver_->set_answer({});
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(receiver_->total(), 2U);
}

TEST_F(DispatcherTest, SuspendedPathIsTriedAgainWhenItsTimeIsOver) {
  answer("BANNER", "421 4.3.2 not now");
  desk_.change_plan([](Plan& plan) {
    plan.trouble.failures = 1;
    plan.trouble.first = 30s;
  });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  let_pass(1min);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, SecondAddressIsUsedWhenTheFirstIsDead) {
  desk_.dns.mx("one.example", {{10, "dead.one.example"}, {20, "mx.one.example"}});
  desk_.dns.a("dead.one.example", {"127.0.0.99"});
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].peer_host, "mx.one.example");
}

TEST_F(DispatcherTest, SlotOfAProviderIsPassedOnToAnotherOfItsPaths) {
  // two.example has limits of its own within the provider: its path waits for a slot that the provider's path holds.
  desk_.change_plan([&](Plan& plan) {
    plan.providers =
        dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"big", {"mx.one.example", "mx.two.example"}, {}}});
    plan.provider_names = {desk_.names.intern("big")};
    plan.provider_groups = {desk_.names.intern("provider:big")};
    plan.provider_limits = {plan.default_limits};
    plan.provider_limits[0].connections = 1;
    plan.domains["two.example"].limits = shaping::Limits{.connections = 5};
    plan.timeouts.idle = 1ms;
  });
  receiver_->hold();
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.send({"b@two.example"});
  desk_.poll();
  EXPECT_EQ(receiver_->open(), 1U);
  receiver_->release();
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->most(), 1U);
}

TEST_F(DispatcherTest, MessageRateIsKept) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.message_rate = {1, 20s}; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.send({"b@one.example"});
  desk_.run_until([&] { return desk_.dispatcher().in_delivery() == 1; });
  desk_.poll();
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
  // A stop does not wait for the rate.
  desk_.dispatcher().stop();
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 0; });
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
}

TEST_F(DispatcherTest, UnknownDomainBouncesAfterSeveralAnswersThatAgree) {
  desk_.send({"a@gone.example"});
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(desk_.events.count(EventType::Bounced), 0U);
  let_pass(1min);
  wait_for(EventType::Bounced, 1);
  EXPECT_EQ(desk_.events.of(EventType::Bounced)[0].outcome_class, model::OutcomeClass::InvalidDomain);
}

TEST_F(DispatcherTest, DnsTroubleDefersAndNothingIsLost) {
  desk_.dns.fail("one.example", dns::Status::ServFail);
  send_many(10);
  wait_for(EventType::Deferred, 10);
  desk_.dns.ok("one.example");
  let_pass(1min);
  wait_for(EventType::Delivered, 10);
}

TEST_F(DispatcherTest, FirstAttemptWaitsForItsTime) {
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.first_attempt = desk_.clock.wall() + 1h;
  desk_.admit(desk_.store(envelope));
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 1U);
  let_pass(1h);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, ClosedWindowSchedules) {
  const Time now = desk_.clock.now();
  const auto minute = std::chrono::floor<std::chrono::minutes>(now - std::chrono::floor<std::chrono::days>(now));
  const std::string hours =
      fmt::format("{:02}:00-{:02}:30", (minute.count() / 60 + 2) % 24, (minute.count() / 60 + 2) % 24);
  const auto window = queue::DeliveryWindow::make("mon-sun", hours, *queue::load_zone("UTC"));
  ASSERT_TRUE(window);
  desk_.change_plan([&](Plan& plan) { plan.streams[0].window = *window; });
  desk_.send({"a@one.example"});
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 1U);
  desk_.clock.advance(window->opens(now) - now);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, LastAttemptComesAtExpiryAndItsReplyIsTold) {
  desk_.change_plan([](Plan& plan) { plan.streams[0].retry.expire = 90s; });  // tried at 0, 60 and 90 s
  answer("RCPT", "451 4.3.2 not today");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  let_pass(60s);
  wait_for(EventType::Deferred, 2);
  let_pass(31s);
  wait_for(EventType::Expired, 1);
  EXPECT_THAT(desk_.events.of(EventType::Expired)[0].reply.text, HasSubstr("not today"));
}

TEST_F(DispatcherTest, ExpiredIsNotTried) {
  desk_.dns.mx("shop.example", {{10, "mx.one.example"}});
  answer("RCPT", "450 4.2.1 later");
  desk_.change_plan([](Plan& plan) { plan.streams[0].retry.expire = 90s; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  let_pass(2min);
  wait_for(EventType::Expired, 1);
  wait_for(EventType::Delivered, 1);  // the notice
  EXPECT_THAT(receiver_->mails().at(0).recipients, ElementsAre("news@shop.example"));
}

TEST_F(DispatcherTest, NullRouteDropsAndRelayByLmtpSpeaksIt) {
  desk_.change_plan([&](Plan& plan) {
    plan.domains["null.example"].route = Route{RouteKind::Null, {}};
    plan.domains["lan.example"].route = Route{RouteKind::Lmtp, {{"127.0.0.1", receiver_->port()}}};
  });
  desk_.send({"a@null.example", "b@null.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->total(), 0U);
  EXPECT_EQ(desk_.events.all.back().route, "null");
  desk_.send({"a@lan.example", "b@lan.example"});
  wait_for(EventType::Delivered, 4);
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
  EXPECT_EQ(receiver_->count("EHLO"), 0U);
  EXPECT_EQ(desk_.events.all.back().route, "lmtp");
}

TEST_F(DispatcherTest, StopLetsTransactionsEndAndBeginsNone) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 2; });
  receiver_->hold();
  send_many(5);
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  desk_.dispatcher().stop();
  EXPECT_EQ(desk_.dispatcher().in_flight(), 2U);
  receiver_->release();
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 0; });
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 2U);
  EXPECT_EQ(desk_.count(Whereabouts::Active), 3U);
  receiver_.reset();
  desk_.end();
  EXPECT_THAT(desk_.box.sink.found, SizeIs(3));
}

TEST_F(DispatcherTest, RestartGoesOnWhereItStopped) {
  answer("RCPT", "450 4.2.1 later");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_.reset();
  desk_.end();
  desk_.start();
  receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
  desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  desk_.clock.advance(59s);
  desk_.poll();
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 1U);
  let_pass(1s);
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].attempt, 2U);
}

}  // namespace
}  // namespace penstock::delivery
