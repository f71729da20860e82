// SPDX-License-Identifier: Apache-2.0
// The real resolver against a name server that the test itself runs on loopback.
#include "dns/unbound_resolver.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "base/clock.h"
#include "dns/cached_resolver.h"
#include "dns/router.h"
#include "dns/test/run_task.h"
#include "dns/test/scripted_server.h"

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

class UnboundResolverTest : public ::testing::Test {
 protected:
  UnboundOptions options() {
    UnboundOptions options;
    options.upstreams = {server_.address()};
    options.stubs = {{"test", server_.address()}};
    options.timeout = 10s;
    return options;
  }
  UnboundResolver& resolver() { return resolver(options()); }
  UnboundResolver& resolver(UnboundOptions options) {
    resolver_ = std::make_unique<UnboundResolver>(std::move(options), probe_);
    const auto started = resolver_->start();
    EXPECT_TRUE(started) << started.error().to_string();
    return *resolver_;
  }
  Result<AnswerPtr> ask(UnboundResolver& dns, const std::string& name, RecordType type) {
    Question question{name, type};
    return run(shards_[0], dns.lookup(shards_[0], question));
  }
  Answer answer(UnboundResolver& dns, const std::string& name, RecordType type) {
    const auto got = ask(dns, name, type);
    EXPECT_TRUE(got) << got.error().to_string();
    return got ? **got : Answer{};
  }
  static std::vector<std::string> values(const Answer& answer) {
    std::vector<std::string> values;
    for (const Record& record : answer.records) values.push_back(record.value);
    std::sort(values.begin(), values.end());
    return values;
  }

  metrics::Registry registry_;
  Probe probe_{registry_};
  ScriptedServer server_;
  net::ShardSet shards_{1};
  std::unique_ptr<UnboundResolver> resolver_;
};

using Values = std::vector<std::string>;

TEST_F(UnboundResolverTest, RecordsOfEveryTypeAreRead) {
  server_.add("big.test", 15, mx_data(10, "MX1.big.test"), 120);
  server_.add("big.test", 15, mx_data(20, "mx2.big.test"), 120);
  server_.add("big.test", 16, text_data({"v=spf1 ", "-all"}));
  server_.add("mx1.big.test", 1, address_data("192.0.2.1"));
  server_.add("mx1.big.test", 28, address_data("2001:db8::1"));
  server_.add("_25._tcp.mx1.big.test", 52, std::string("\3\1\1\xAA\xBB", 5));
  server_.add("1.2.0.192.test", 12, wire_name("mx1.big.test"));
  auto& dns = resolver();
  const Answer mx = answer(dns, "big.test", RecordType::Mx);
  EXPECT_EQ(mx.status, Status::Found);
  EXPECT_EQ(values(mx), (Values{"mx1.big.test", "mx2.big.test"}));
  ASSERT_EQ(mx.records.size(), 2U);
  EXPECT_EQ(mx.records[0].preference + mx.records[1].preference, 30);
  EXPECT_GT(mx.ttl, 100s);
  EXPECT_LE(mx.ttl, 120s);
  EXPECT_EQ(mx.canonical_name, "big.test");
  EXPECT_FALSE(mx.secure);
  EXPECT_EQ(values(answer(dns, "big.test", RecordType::Txt)), Values{"v=spf1 -all"});
  EXPECT_EQ(values(answer(dns, "mx1.big.test", RecordType::A)), Values{"192.0.2.1"});
  EXPECT_EQ(values(answer(dns, "mx1.big.test", RecordType::Aaaa)), Values{"2001:db8::1"});
  EXPECT_EQ(values(answer(dns, "_25._tcp.mx1.big.test", RecordType::Tlsa)), Values{std::string("\3\1\1\xAA\xBB", 5)});
  EXPECT_EQ(values(answer(dns, "1.2.0.192.test", RecordType::Ptr)), Values{"mx1.big.test"});
}

TEST_F(UnboundResolverTest, MissingNameMissingTypeAndTroubleAreToldApart) {
  server_.add("a.test", 1, address_data("192.0.2.1"));
  server_.set_mode("broken.test", ScriptedServer::Mode::ServFail);
  server_.set_mode("closed.test", ScriptedServer::Mode::Refused);
  auto& dns = resolver();
  const Answer missing = answer(dns, "gone.test", RecordType::Mx);
  EXPECT_EQ(missing.status, Status::NxDomain);
  EXPECT_EQ(missing.rcode, 3);
  EXPECT_GT(missing.ttl, 0s);
  EXPECT_LE(missing.ttl, 60s);
  EXPECT_EQ(answer(dns, "a.test", RecordType::Mx).status, Status::NoData);
  EXPECT_EQ(answer(dns, "broken.test", RecordType::Mx).status, Status::ServFail);
  EXPECT_EQ(answer(dns, "closed.test", RecordType::Mx).status, Status::ServFail);
  EXPECT_EQ(probe_.answer(Status::NxDomain).value(), 1U);
  EXPECT_EQ(probe_.answer(Status::ServFail).value(), 2U);
}

TEST_F(UnboundResolverTest, NullMxComesAsTheRoot) {
  server_.add("nomail.test", 15, mx_data(0, ""));
  const Answer got = answer(resolver(), "nomail.test", RecordType::Mx);
  EXPECT_EQ(got.status, Status::Found);
  EXPECT_EQ(values(got), Values{""});
}

TEST_F(UnboundResolverTest, AliasIsFollowedAndItsTargetNamed) {
  server_.add("mx.alias.test", 5, wire_name("Real.isp.test"));
  server_.add("real.isp.test", 1, address_data("192.0.2.5"));
  const Answer got = answer(resolver(), "mx.alias.test", RecordType::A);
  EXPECT_EQ(values(got), Values{"192.0.2.5"});
  EXPECT_EQ(got.canonical_name, "real.isp.test");
}

TEST_F(UnboundResolverTest, AliasWithoutSuchDataNamesItsTargetToo) {
  server_.add("alias.test", 5, wire_name("real.isp.test"));
  server_.add("real.isp.test", 1, address_data("192.0.2.5"));
  const Answer got = answer(resolver(), "alias.test", RecordType::Mx);
  EXPECT_EQ(got.status, Status::NoData);
  EXPECT_EQ(got.canonical_name, "real.isp.test");
}

TEST_F(UnboundResolverTest, SilentServerEndsAtTheDeadline) {
  server_.set_mode("silent.test", ScriptedServer::Mode::Silent);
  auto with_short_timeout = options();
  with_short_timeout.timeout = 150ms;
  auto& dns = resolver(with_short_timeout);
  const auto before = std::chrono::steady_clock::now();
  const Answer got = answer(dns, "silent.test", RecordType::Mx);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(got.status, Status::TimedOut);
  EXPECT_GE(took, 150ms);
  EXPECT_LT(took, 5s);  // far below libunbound's own patience
  EXPECT_EQ(got.why, "after 150 ms");
  EXPECT_EQ(probe_.answer(Status::TimedOut).value(), 1U);
}

TEST_F(UnboundResolverTest, LookUpWaitingItsTurnEndsAtTheDeadlineToo) {
  server_.set_mode("silent1.test", ScriptedServer::Mode::Silent);
  server_.add("b.test", 1, address_data("192.0.2.1"));
  auto narrow = options();
  narrow.timeout = 150ms;
  narrow.in_flight_max = 1;
  auto& dns = resolver(narrow);
  std::vector<Question> questions{{"silent1.test", RecordType::A}, {"b.test", RecordType::A}};
  const auto got = run(shards_[0], dns.lookup_all(shards_[0], questions));
  for (const auto& one : got) EXPECT_TRUE(one);
  EXPECT_EQ(got[0].value()->status, Status::TimedOut);
  // The second is asked when the first gives up its place; or its own deadline passes in the same moment.
  EXPECT_TRUE(got[1].value()->status == Status::Found || got[1].value()->status == Status::TimedOut);
}

TEST_F(UnboundResolverTest, TruncatedAnswerIsFetchedByTcp) {
  server_.add("large.test", 15, mx_data(10, "mx.large.test"));
  server_.set_mode("large.test", ScriptedServer::Mode::Truncated);
  EXPECT_EQ(values(answer(resolver(), "large.test", RecordType::Mx)), Values{"mx.large.test"});
  EXPECT_GE(server_.tcp_count(), 1);
}

TEST_F(UnboundResolverTest, MalformedRecordIsTemporaryTrouble) {
  server_.add("garbled.test", 1, address_data("192.0.2.1"));
  server_.set_mode("garbled.test", ScriptedServer::Mode::Garbled);
  EXPECT_TRUE(is_temporary(answer(resolver(), "garbled.test", RecordType::A).status));
}

TEST_F(UnboundResolverTest, NamesOutsideStubsGoToTheUpstream) {
  server_.add("elsewhere.example", 1, address_data("192.0.2.77"));
  EXPECT_EQ(values(answer(resolver(), "elsewhere.example", RecordType::A)), Values{"192.0.2.77"});
}

TEST_F(UnboundResolverTest, StubForAReservedReverseZoneIsAsked) {
  server_.add("2.0.0.127.in-addr.arpa", 12, wire_name("host2.test"));
  auto with_reverse = options();
  with_reverse.stubs.push_back({"127.in-addr.arpa", server_.address()});
  EXPECT_EQ(values(answer(resolver(with_reverse), "2.0.0.127.in-addr.arpa", RecordType::Ptr)), Values{"host2.test"});
}

TEST_F(UnboundResolverTest, ManyLookUpsBeyondTheWindowAreAllAnswered) {
  constexpr int kNames = 1000;
  std::vector<Question> questions;
  for (int i = 0; i < kNames; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    server_.add(name, 1, address_data("192.0.2." + std::to_string(i % 250)));
    questions.push_back({name, RecordType::A});
  }
  auto narrow = options();
  narrow.in_flight_max = 40;
  auto& dns = resolver(narrow);
  const auto got = run(shards_[0], dns.lookup_all(shards_[0], questions));
  ASSERT_EQ(got.size(), static_cast<std::size_t>(kNames));
  for (int i = 0; i < kNames; ++i) {
    const auto& one = got[static_cast<std::size_t>(i)];
    ASSERT_TRUE(one) << one.error().to_string();
    EXPECT_EQ(values(**one), Values{"192.0.2." + std::to_string(i % 250)}) << i;
  }
}

TEST_F(UnboundResolverTest, AtTheLimitLookUpsAreTurnedAway) {
  auto small = options();
  small.waiting_max = 3;
  small.timeout = 200ms;
  auto& dns = resolver(small);
  std::vector<Question> questions;
  for (int i = 0; i < 5; ++i) {
    questions.push_back({"s" + std::to_string(i) + ".test", RecordType::A});
    server_.set_mode(questions.back().name, ScriptedServer::Mode::Silent);
  }
  const auto got = run(shards_[0], dns.lookup_all(shards_[0], questions));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(got[i].value()->status, Status::TimedOut);
  for (std::size_t i = 3; i < 5; ++i) EXPECT_EQ(got[i].error().code, Errc::Full);
  EXPECT_EQ(probe_.refused.value(), 2U);
  EXPECT_TRUE(ask(dns, "later.test", RecordType::A));  // there is room again
}

TEST_F(UnboundResolverTest, StopEndsWhatIsUnderWay) {
  server_.set_mode("silent.test", ScriptedServer::Mode::Silent);
  auto& dns = resolver();
  Question question{"silent.test", RecordType::A};
  const auto under_way = start(shards_[0], dns.lookup(shards_[0], question));
  EXPECT_FALSE(*under_way);
  dns.stop();
  while (!*under_way) shards_[0].io().run_one();
  EXPECT_EQ((*under_way)->error().code, Errc::Stopped);
  EXPECT_EQ(ask(dns, "silent.test", RecordType::A).error().code, Errc::Stopped);
  dns.stop();
}

TEST_F(UnboundResolverTest, BeforeStartNothingIsAnswered) {
  UnboundResolver dns(options(), probe_);
  EXPECT_EQ(ask(dns, "a.test", RecordType::A).error().code, Errc::Stopped);
}

TEST_F(UnboundResolverTest, NameThatCannotBeSentIsBad) {
  EXPECT_EQ(ask(resolver(), std::string(70, 'a') + ".test", RecordType::A).error().code, Errc::BadName);
}

TEST_F(UnboundResolverTest, UnusableOptionsAreNamedAtStart) {
  const auto detail = [this](const UnboundOptions& bad) {
    UnboundResolver dns(bad, probe_);
    const auto started = dns.start();
    EXPECT_FALSE(started);
    if (started) return std::string("started");
    EXPECT_EQ(started.error().code, Errc::BadOption);
    return started.error().detail;
  };
  auto bad = options();
  bad.stubs = {{"test", "localhost"}};
  EXPECT_NE(detail(bad).find("\"localhost\""), std::string::npos);
  bad = options();
  bad.stubs = {{"a..b", server_.address()}};
  EXPECT_NE(detail(bad).find("a..b"), std::string::npos);
  bad = options();
  bad.upstreams = {"192.0.2.53"};
  EXPECT_NE(detail(bad).find("\"192.0.2.53\""), std::string::npos);
  bad = options();
  bad.trust_anchor_file = "/nonexistent/root.key";
  EXPECT_NE(detail(bad).find("/nonexistent/root.key"), std::string::npos);
  const std::string file = ::testing::TempDir() + "penstock_bad_anchor_" + std::to_string(::getpid());
  std::ofstream(file) << "this is no zone file\n";
  bad.trust_anchor_file = file;
  EXPECT_NE(detail(bad).find(file), std::string::npos);
  std::filesystem::remove(file);
  bad = options();
  bad.upstreams.clear();
  bad.resolv_conf = "/nonexistent/resolv.conf";
  EXPECT_NE(detail(bad).find("/nonexistent/resolv.conf"), std::string::npos);
}

// The anchor says that "signed" has a key; the server knows of none, as one that forges answers would not.
TEST_F(UnboundResolverTest, UnsignedAnswerBelowATrustAnchorIsBogus) {
  server_.add("mail.signed", 1, address_data("192.0.2.66"));
  server_.add("signed", 16, text_data({"apex"}));
  const std::string file = ::testing::TempDir() + "penstock_anchor_" + std::to_string(::getpid());
  std::ofstream(file) << "signed. IN DS 12345 8 2 " << std::string(64, 'A') << '\n';
  auto anchored = options();
  anchored.trust_anchor_file = file;
  const Answer got = answer(resolver(anchored), "mail.signed", RecordType::A);
  std::filesystem::remove(file);
  EXPECT_EQ(got.status, Status::Bogus);
  EXPECT_FALSE(got.why.empty());
  EXPECT_TRUE(got.records.empty());
}

// The same where the anchor is the system's: a resolver that takes signatures out must not stop all mail.
TEST_F(UnboundResolverTest, UnsignedAnswerBelowAnAnchorThatIsNotStrictIsUnsigned) {
  server_.add("mail.signed", 1, address_data("192.0.2.66"));
  server_.add("signed", 16, text_data({"apex"}));
  const std::string file = ::testing::TempDir() + "penstock_lax_anchor_" + std::to_string(::getpid());
  std::ofstream(file) << "signed. IN DS 12345 8 2 " << std::string(64, 'A') << '\n';
  auto anchored = options();
  anchored.trust_anchor_file = file;
  anchored.strict_dnssec = false;
  const Answer got = answer(resolver(anchored), "mail.signed", RecordType::A);
  std::filesystem::remove(file);
  EXPECT_EQ(got.status, Status::Found);
  EXPECT_FALSE(got.secure);
  ASSERT_EQ(got.records.size(), 1U);
}

TEST_F(UnboundResolverTest, RouterFindsHostsThroughCacheAndServer) {
  server_.add("big.test", 15, mx_data(10, "mx1.big.test"));
  server_.add("big.test", 15, mx_data(20, "mx2.big.test"));
  server_.add("mx1.big.test", 1, address_data("127.0.0.11"));
  server_.add("mx2.big.test", 1, address_data("127.0.0.12"));
  auto& dns = resolver();
  SystemClock clock;
  CachedResolver cached(shards_, dns, clock, probe_);
  const HostFinder finder(cached);
  Router router(shards_[0], finder, clock, probe_);
  const RoutePtr route = run(shards_[0], router.find("big.test"));
  ASSERT_TRUE(std::holds_alternative<Hosts>(*route));
  EXPECT_EQ(std::get<Hosts>(*route).site, "mx1.big.test,mx2.big.test");
  EXPECT_EQ(std::get<Hosts>(*route).hosts[0].addresses[0].text, "127.0.0.11");
  EXPECT_EQ(router.find_cached("big.test"), route);
}

net::Task<> ask_many(Resolver& dns, net::Shard& shard, int count, std::promise<int>& done) {
  int found = 0;
  for (int i = 0; i < count; ++i) {
    Question question{"n" + std::to_string(i % 20) + ".test", RecordType::A};
    const auto got = co_await dns.lookup(shard, question);
    if (got && (*got)->status == Status::Found) ++found;
  }
  done.set_value(found);
}

TEST(UnboundResolverShards, ShardsAskAtTheSameTime) {
  metrics::Registry registry;
  Probe probe(registry);
  ScriptedServer server;
  for (int i = 0; i < 20; ++i) server.add("n" + std::to_string(i) + ".test", 1, address_data("192.0.2.1"));
  net::ShardSet shards(3);
  UnboundOptions options;
  options.upstreams = {server.address()};
  options.stubs = {{"test", server.address()}};
  UnboundResolver dns(options, probe);
  ASSERT_TRUE(dns.start());
  std::vector<std::promise<int>> done(shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i].spawn("ask", ask_many(dns, shards[i], 100, done[i]));
  }
  shards.start();
  for (auto& one : done) EXPECT_EQ(one.get_future().get(), 100);
  dns.stop();
}

}  // namespace
}  // namespace penstock::dns
