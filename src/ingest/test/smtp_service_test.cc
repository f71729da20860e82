// SPDX-License-Identifier: Apache-2.0
// A real client on a loopback socket against SmtpService: its shard has a thread of its own, the client is the test's.
#include "ingest/smtp_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <span>

#include "base/test/effort.h"
#include "base/test/temp_folder.h"
#include "ingest/test/entrance.h"
#include "net/listener.h"

namespace penstock::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kRest = R"([[vmta]]
name = "v1"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
)";

std::string listener(const std::string& keys = "") {
  return "[[listener]]\nname = \"in\"\nhostname = \"mx.example\"\nrelay_from = \"127.0.0.1\"\n" + keys + kRest;
}

// A blocking client; every wait ends after ten seconds.
class Client {
 public:
  explicit Client(const net::Endpoint& server, const std::string& source = "127.0.0.1") {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto from = net::make_endpoint(source, 0);
    EXPECT_EQ(::bind(socket_, from->data(), static_cast<socklen_t>(from->size())), 0);
    EXPECT_EQ(::connect(socket_, server.data(), static_cast<socklen_t>(server.size())), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void write(const std::string& bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The next reply, lines joined; "" at the end of the connection.
  std::string reply() {
    std::string all;
    while (true) {
      for (std::size_t end = pending_.find("\r\n"); end == std::string::npos; end = pending_.find("\r\n")) {
        if (!read()) return all;
      }
      const std::size_t end = pending_.find("\r\n");
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 2);
      all += all.empty() ? line : "\n" + line;
      if (line.size() < 4 || line[3] != '-') return all;
    }
  }
  // Writes one byte; true once there is something to read, or the server has closed.
  bool drip(char byte) {
    (void)::send(socket_, &byte, 1, MSG_NOSIGNAL);
    pollfd one{socket_, POLLIN, 0};
    return ::poll(&one, 1, 10) != 0;
  }
  std::string say(const std::string& line) {
    write(line + "\r\n");
    return reply();
  }
  // From EHLO to the answer to the message.
  std::string send_message(const std::string& recipient, const std::string& text = "Subject: x\r\n\r\nhello\r\n") {
    EXPECT_THAT(say("EHLO client.example"), StartsWith("250"));
    if (std::string mail = say("MAIL FROM:<a@shop.example>"); !mail.starts_with("250")) return mail;
    if (std::string rcpt = say("RCPT TO:<" + recipient + ">"); !rcpt.starts_with("250")) return rcpt;
    EXPECT_THAT(say("DATA"), StartsWith("354"));
    write(text);
    return say(".");
  }

 private:
  bool read() {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, kPatience / std::chrono::milliseconds{1}) != 1) {
      ADD_FAILURE() << "no answer";
      return false;
    }
    char buffer[4096];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  int socket_ = -1;
  std::string pending_;
};

class SmtpServiceTest : public ::testing::Test {
 public:
  ~SmtpServiceTest() override {
    if (listening_) listening_->stop();
    listening_.reset();
    entrance_->close();
    reports_.reset();
  }

 protected:
  // Opens an inbox that hands what it gets to `took`.
  void take_reports(feedback::Inbox::Handle took) {
    auto opened = feedback::Inbox::open(folder_.path(), std::move(took));
    ASSERT_TRUE(opened);
    reports_ = std::move(*opened);
  }
  void serve(const std::string& config = listener()) {
    entrance_.emplace(config);
    Services services = entrance_->services();
    services.reports = reports_.get();
    service_.emplace(services, *entrance_->shards, "in");
    listening_ = std::make_unique<net::Listener>(
        *entrance_->shards, *net::parse_endpoint("127.0.0.1:0"), "in",
        [this](std::unique_ptr<net::Stream> stream) { return service_->serve(std::move(stream)); });
    ASSERT_TRUE(listening_->open());
    listening_->start();
    entrance_->shards->start();
  }
  std::unique_ptr<Client> connect(const std::string& source = "127.0.0.1") {
    return std::make_unique<Client>(listening_->endpoint(), source);
  }
  // What the shard was doing, and what followed from it at once, is done.
  void let_shard_run() {
    std::promise<void> done;
    net::Shard& shard = (*entrance_->shards)[0];
    shard.post([&] { shard.post([&] { done.set_value(); }); });
    done.get_future().wait();
  }
  std::unique_ptr<Client> greeted(const std::string& source = "127.0.0.1") {
    auto client = connect(source);
    EXPECT_THAT(client->reply(), StartsWith("220 mx.example"));
    return client;
  }

  const TempFolder folder_;
  std::unique_ptr<feedback::Inbox> reports_;
  std::optional<Entrance> entrance_;
  std::optional<SmtpService> service_;
  std::unique_ptr<net::Listener> listening_;
};

TEST_F(SmtpServiceTest, MessageIsDurableBefore250WhichNamesIt) {
  serve();
  const std::string answer = greeted()->send_message("b@one.example");
  ASSERT_THAT(answer, StartsWith("250 2.0.0 accepted as "));
  const auto id = model::parse_message_id(answer.substr(answer.rfind(' ') + 1));
  ASSERT_TRUE(id);
  EXPECT_EQ(entrance_->box.spool->stats().accepted, 1U);
  entrance_->wait_for(1);
  EXPECT_EQ(entrance_->handed_over()[0].id, *id);
  EXPECT_EQ(entrance_->handed_over()[0].peer, "127.0.0.1");
  EXPECT_THAT(**entrance_->box.spool->read_body(*id), HasSubstr("by mx.example"));
  const auto events = entrance_->events(model::EventType::Accepted);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].recipient, "b@one.example");
  EXPECT_EQ(events[0].stream, "default");
  EXPECT_EQ(entrance_->probe.messages.value(), 1U);
}

TEST_F(SmtpServiceTest, FullSpoolIsSaidAtMail) {
  const spool::Quiet quiet;
  serve();
  const auto client = greeted();
  entrance_->box.disk.fail_writes_after(0, ENOSPC);
  EXPECT_THAT(client->send_message("b@one.example"), StartsWith("452 4.3.1"));  // this one found out
  EXPECT_THAT(client->say("MAIL FROM:<a@shop.example>"), StartsWith("452 4.3.1"));
  EXPECT_THAT(entrance_->events(model::EventType::Accepted), SizeIs(0));
  EXPECT_THAT(entrance_->events(model::EventType::Rejected), SizeIs(2));
  EXPECT_EQ(entrance_->probe.store_failures.value(), 2U);
  entrance_->box.disk.heal();
}

TEST_F(SmtpServiceTest, RelayingIsForKnownClientsAndDomains) {
  serve(listener("relay_domains = [\"here.example\", \"*.sub.example\"]\n"));
  const auto stranger = greeted("127.0.0.9");
  EXPECT_THAT(stranger->send_message("b@one.example"), StartsWith("550 5.7.1"));
  EXPECT_THAT(stranger->say("RCPT TO:<b@Here.Example>"), StartsWith("250"));
  EXPECT_THAT(stranger->say("RCPT TO:<b@x.sub.example>"), StartsWith("250"));
  EXPECT_THAT(stranger->say("RCPT TO:<b@sub.example>"), StartsWith("550"));
  EXPECT_THAT(stranger->say("RCPT TO:<b@nothere.example>"), StartsWith("550"));
  // Our domain, but with a way beyond it.
  for (const std::string local : {"b%one.example", "one.example!b", "\"b@one.example\""}) {
    EXPECT_THAT(stranger->say("RCPT TO:<" + local + "@here.example>"), StartsWith("550 5.7.1")) << local;
  }
  const auto events = entrance_->events(model::EventType::Rejected);
  ASSERT_THAT(events, SizeIs(6));
  EXPECT_EQ(events[0].recipient, "b@one.example");
  EXPECT_EQ(events[0].peer_address, "127.0.0.9");
}

TEST_F(SmtpServiceTest, RefusedByAdmissionIsSaidAtTheEnd) {
  serve();
  const auto client = greeted();
  EXPECT_THAT(client->send_message("b@one.example", "X-Penstock-Stream: nonsense\r\n\r\nx\r\n"),
              StartsWith("554 5.7.1 no stream \"nonsense\""));
  EXPECT_THAT(client->send_message("b@one.example"), StartsWith("250"));
}

TEST_F(SmtpServiceTest, WhatAdmissionFoundIsInTheEventOfARefusal) {
  serve();
  const auto client = greeted();
  EXPECT_THAT(client->say("EHLO client.example"), StartsWith("250"));
  EXPECT_THAT(client->say("MAIL FROM:<a@shop.example> ENVID=QQ314159"), StartsWith("250"));
  EXPECT_THAT(client->say("RCPT TO:<b@one.example>"), StartsWith("250"));
  EXPECT_THAT(client->say("DATA"), StartsWith("354"));
  EXPECT_THAT(client->say("X-Penstock-Tenant: shop\r\nX-Penstock-VMTA: nonsense\r\n\r\nx\r\n."),
              StartsWith("554 5.7.1"));
  const auto events = entrance_->events(model::EventType::Rejected);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].message);
  EXPECT_EQ(events[0].tenant, "shop");
  EXPECT_EQ(events[0].stream, "default");
  EXPECT_EQ(events[0].envelope_id, "QQ314159");
  EXPECT_EQ(events[0].bytes, 57U);
}

TEST_F(SmtpServiceTest, DrainSends421ToTheIdleAndTheNewButLetsAMessageEnd) {
  serve();
  const auto idle = greeted();
  const auto busy = greeted();
  EXPECT_THAT(busy->say("EHLO client.example"), StartsWith("250"));
  EXPECT_THAT(busy->say("MAIL FROM:<a@shop.example>"), StartsWith("250"));
  service_->drain(true);
  EXPECT_THAT(idle->reply(), StartsWith("421 4.3.2"));
  EXPECT_EQ(idle->reply(), "");
  EXPECT_THAT(connect()->reply(), StartsWith("421 4.3.2"));
  EXPECT_THAT(busy->say("RCPT TO:<b@one.example>"), StartsWith("250"));
  EXPECT_THAT(busy->say("DATA"), StartsWith("354"));
  busy->write("Subject: x\r\n\r\nhello\r\n");
  EXPECT_THAT(busy->say("."), StartsWith("250"));
  EXPECT_THAT(busy->reply(), StartsWith("421 4.3.2"));
  service_->drain(false);
  EXPECT_THAT(greeted()->send_message("b@one.example"), StartsWith("250"));
}

TEST_F(SmtpServiceTest, ConnectionsAreBoundedByAddressAndInAll) {
  serve(listener("max_connections = 3\nmax_connections_per_address = 2\n"));
  const auto first = greeted();
  const auto second = greeted();
  EXPECT_THAT(connect()->reply(), StartsWith("421 4.7.0"));
  const auto third = greeted("127.0.0.8");
  EXPECT_THAT(connect("127.0.0.7")->reply(), StartsWith("421 4.7.0"));
  EXPECT_EQ(service_->connections(), 3U);
  EXPECT_EQ(entrance_->probe.connections_refused.value(), 2U);
}

TEST_F(SmtpServiceTest, ProxyHeaderNamesTheClient) {
  serve(listener("proxy_from = [\"127.0.0.5\"]\n"));
  const auto client = connect("127.0.0.5");
  client->write("PROXY TCP4 192.0.2.33 192.0.2.1 4000 25\r\n");
  EXPECT_THAT(client->reply(), StartsWith("220"));
  // Who relays for others is the client, not the proxy.
  EXPECT_THAT(client->send_message("b@one.example"), StartsWith("550"));
  EXPECT_EQ(entrance_->events(model::EventType::Rejected).at(0).peer_address, "192.0.2.33");
  const auto trusted = connect("127.0.0.5");
  trusted->write("PROXY TCP4 127.0.0.1 192.0.2.1 4000 25\r\n");
  EXPECT_THAT(trusted->reply(), StartsWith("220"));
  EXPECT_THAT(trusted->send_message("b@one.example"), StartsWith("250"));
}

TEST_F(SmtpServiceTest, ProxyThatDoesNotSpeakItIsCut) {
  serve(listener("proxy_from = [\"127.0.0.5\"]\n"));
  const auto client = connect("127.0.0.5");
  client->write("EHLO client.example\r\n");
  EXPECT_EQ(client->reply(), "");
}

TEST_F(SmtpServiceTest, WhoSpeaksBeforeTheBannerIsTurnedAway) {
  serve(listener("banner_delay = \"300ms\"\n"));
  const auto client = connect();
  client->write("EHLO client.example\r\n");
  EXPECT_THAT(client->reply(), StartsWith("554"));
  EXPECT_EQ(client->reply(), "");
}

TEST_F(SmtpServiceTest, StrangersWaitForTheBannerWhereNothingElseIsSaid) {
  serve(listener(""));
  const auto stranger = connect("127.0.0.5");
  stranger->write("EHLO client.example\r\n");
  EXPECT_THAT(stranger->reply(), StartsWith("554"));
}

TEST_F(SmtpServiceTest, SilentClientIsToldAndCut) {
  serve(listener("command_timeout = \"1s\"\n"));
  const auto client = greeted();
  EXPECT_THAT(client->reply(), StartsWith("421 4.4.2"));
  EXPECT_EQ(client->reply(), "");
}

// 4,096 bytes may be a command: at this pace 40 seconds of it.
TEST_F(SmtpServiceTest, CommandThatDripsIsAsLateAsOneThatDoesNotCome) {
  serve(listener("command_timeout = \"1s\"\n"));
  const auto client = greeted();
  EXPECT_THAT(client->say("EHLO client.example"), StartsWith("250"));
  for (int i = 0; i < 1000 && !client->drip('x'); ++i) {
  }
  EXPECT_THAT(client->reply(), StartsWith("421 4.4.2"));
}

TEST_F(SmtpServiceTest, ProxyHeaderThatDripsIsCut) {
  serve(listener("proxy_from = [\"127.0.0.5\"]\ncommand_timeout = \"1s\"\n"));
  const auto client = connect("127.0.0.5");
  // Version 2 may have 64 KiB.
  const std::string begin("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", 16);
  client->write(begin);
  int dripped = 0;
  while (dripped < 1000 && !client->drip('x')) ++dripped;
  EXPECT_LT(dripped, 1000);
  EXPECT_EQ(client->reply(), "");
}

TEST_F(SmtpServiceTest, ChunksHaveATimeInAll) {
  serve(listener("message_timeout = \"30m\"\n"));
  const auto client = greeted();
  EXPECT_THAT(client->say("EHLO client.example"), StartsWith("250"));
  EXPECT_THAT(client->say("MAIL FROM:<a@shop.example>"), StartsWith("250"));
  EXPECT_THAT(client->say("RCPT TO:<b@one.example>"), StartsWith("250"));
  client->write("BDAT 1\r\nS");
  EXPECT_THAT(client->reply(), StartsWith("250"));
  let_shard_run();
  entrance_->box.clock.advance(std::chrono::minutes{31});
  client->write("BDAT 1\r\nu");
  EXPECT_THAT(client->reply(), StartsWith("250"));
  EXPECT_THAT(client->reply(), StartsWith("421 4.4.2"));
}

TEST_F(SmtpServiceTest, MessageHasATimeInAll) {
  serve(listener("message_timeout = \"30m\"\n"));
  const auto client = greeted();
  EXPECT_THAT(client->say("EHLO client.example"), StartsWith("250"));
  EXPECT_THAT(client->say("MAIL FROM:<a@shop.example>"), StartsWith("250"));
  EXPECT_THAT(client->say("RCPT TO:<b@one.example>"), StartsWith("250"));
  EXPECT_THAT(client->say("DATA"), StartsWith("354"));
  let_shard_run();
  // The time is over before the next piece has come; the client goes on to drip.
  entrance_->box.clock.advance(std::chrono::minutes{31});
  client->write("Subject: x\r\n");
  EXPECT_THAT(client->reply(), StartsWith("421 4.4.2"));
  EXPECT_THAT(entrance_->events(model::EventType::Accepted), SizeIs(0));
}

TEST_F(SmtpServiceTest, ReloadThatTakesTheListenerAwayEndsNewConnections) {
  serve();
  const auto before = greeted();
  const auto other = config::load_text(
      "[[listener]]\nname = \"out\"\nrelay_from = \"127.0.0.1\"\n" + std::string(kRest), "/p/penstock.toml");
  entrance_->plan.store(std::make_shared<const Plan>(other.config));
  EXPECT_EQ(connect()->reply(), "");
  EXPECT_THAT(before->send_message("b@one.example"), StartsWith("250"));  // goes on under its own
}

TEST(Store, ErrorsBecomeRepliesForClients) {
  const auto code = [](spool::Errc errc) { return reply_to({make_error_code(errc), "private"}).code; };
  EXPECT_EQ(code(spool::Errc::Full), 452);
  EXPECT_EQ(code(spool::Errc::Unhealthy), 451);
  EXPECT_EQ(code(spool::Errc::TooLarge), 552);
  EXPECT_EQ(code(spool::Errc::Closed), 421);
  EXPECT_EQ(reply_to({std::make_error_code(std::errc::io_error), "/var/private"}).code, 451);
  EXPECT_EQ(reply_to({std::make_error_code(std::errc::io_error), "/var/private"}).text.find("private"),
            std::string::npos);
}

TEST_F(SmtpServiceTest, MailForAReportDomainGoesToTheInboxAndNowhereElse) {
  std::promise<feedback::IncomingReport> came;
  take_reports([&came](std::span<const feedback::IncomingReport> reports) { came.set_value(reports.front()); });
  serve(listener("report_domains = [\"bounces.example.com\"]\n"));
  const auto client = connect();
  EXPECT_THAT(client->reply(), StartsWith("220"));
  EXPECT_THAT(client->send_message("b+ref@Bounces.Example.com"), StartsWith("250 2.0.0"));
  auto report = came.get_future();
  ASSERT_EQ(report.wait_for(kPatience), std::future_status::ready);
  const feedback::IncomingReport got = report.get();
  EXPECT_THAT(got.message, HasSubstr("hello"));
  EXPECT_THAT(got.recipients, SizeIs(1));
  EXPECT_EQ(got.client_address, "127.0.0.1");
  EXPECT_TRUE(entrance_->handed_over().empty());
}

TEST_F(SmtpServiceTest, ReportsAreTakenFromStrangersAndNotMixedWithMail) {
  take_reports([](std::span<const feedback::IncomingReport>) {});
  serve(listener("relay_domains = [\"shop.example\"]\nreport_domains = [\"bounces.example.com\"]\n"));
  const auto client = connect("127.0.0.2");
  EXPECT_THAT(client->reply(), StartsWith("220"));
  EXPECT_THAT(client->say("EHLO x"), StartsWith("250"));
  EXPECT_THAT(client->say("MAIL FROM:<>"), StartsWith("250"));
  EXPECT_THAT(client->say("RCPT TO:<b@bounces.example.com>"), StartsWith("250"));
  EXPECT_THAT(client->say("RCPT TO:<b@other.example>"), StartsWith("452"));
}

TEST_F(SmtpServiceTest, ReportsWithoutAnInboxAreToBeTriedAgain) {
  serve(listener("report_domains = [\"bounces.example.com\"]\n"));
  const auto client = connect();
  EXPECT_THAT(client->reply(), StartsWith("220"));
  EXPECT_THAT(client->send_message("b@bounces.example.com"), StartsWith("452"));
}

}  // namespace
}  // namespace penstock::ingest
