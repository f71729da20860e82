// SPDX-License-Identifier: Apache-2.0
// Our client session against our server session: what one sends, the other takes, and both agree on what became of it.
#include <gtest/gtest.h>

#include <random>

#include "smtp/test/client_script.h"
#include "smtp/test/server_driver.h"

namespace penstock::smtp {
namespace {

using model::OutcomeKind;

void converse(ClientSession& client, ServerDriver& server, std::size_t piece_bytes) {
  server.run();
  while (true) {
    const Action action = client.next();
    if (const auto* write = std::get_if<Write>(&action)) {
      std::string bytes;
      for (const std::string_view chunk : write->chunks) bytes += chunk;
      server.feed(bytes, piece_bytes);
      client.on_written();
    } else if (std::holds_alternative<Read>(action)) {
      const std::string bytes = server.take_output();
      ASSERT_FALSE(bytes.empty()) << "both wait";
      client.on_bytes(bytes);
    } else {
      return;
    }
  }
}

struct Way {
  const char* name;
  bool pipelining;
  bool chunking;
};
void PrintTo(const Way& way, std::ostream* out) {
  *out << way.name;
}

class ClientAgainstServer : public testing::TestWithParam<Way> {
 protected:
  void greet() {
    server_options_.hostname = "mta.test";
    server_options_.offers.pipelining = GetParam().pipelining;
    server_options_.offers.chunking = GetParam().chunking;
    server_ = std::make_unique<ServerDriver>(server_options_);
    converse(client_, *server_, 1000);
    ASSERT_TRUE(client_.greeted());
  }
  void send(const Mail& mail) {
    client_.begin(mail.transaction());
    converse(client_, *server_, 1000);
  }
  const model::Envelope& last_envelope() { return server_->messages.back().received.envelope; }

  ServerOptions server_options_;
  std::unique_ptr<ServerDriver> server_;
  ClientSession client_{{.ehlo_name = "client.test"}};
};

TEST_P(ClientAgainstServer, MessagesWithDotsArriveAsTheyAre) {
  greet();
  std::mt19937 random(11);
  for (std::size_t round = 0; round < 200; ++round) {
    std::string body = "Subject: x\r\n\r\n";
    const std::size_t size = body.size() + random() % 200;
    while (body.size() < size) {
      const std::string_view pieces[] = {".", "..", "\r\n", "a", ".\r\n", "\r\n.\r\n"};
      body += pieces[random() % 6];
    }
    Mail mail({}, body);
    const std::string_view all = mail.body;
    const std::size_t cut = random() % all.size();
    mail.parts = {all.substr(0, cut), all.substr(cut)};
    send(mail);
    ASSERT_EQ(describe(client_.outcomes()[0]).substr(0, 9), "delivered");
    ASSERT_EQ(server_->messages.size(), round + 1);
    ASSERT_EQ(server_->messages.back().received.body, body.ends_with("\r\n") ? body : body + "\r\n");
  }
  EXPECT_EQ(client_.messages(), 200U);
}

TEST_P(ClientAgainstServer, EnvelopeArrivesAsItIs) {
  greet();
  Mail mail({"a@x.test", "\xC3\xBC@x.test"});
  mail.envelope.body_kind = model::BodyKind::EightBitMime;
  mail.envelope.smtputf8 = true;
  mail.envelope.envelope_id = "id+=1";
  mail.envelope.dsn_return = model::DsnReturn::Headers;
  mail.envelope.recipients[0].original = "rfc822;b+c@y.test";
  mail.envelope.recipients[0].notify = model::kNotifySuccess | model::kNotifyDelay;
  send(mail);
  ASSERT_EQ(server_->messages.size(), 1U);
  const model::Envelope& got = last_envelope();
  EXPECT_EQ(got.sender, mail.envelope.sender);
  EXPECT_EQ(got.recipients, mail.envelope.recipients);
  EXPECT_EQ(got.envelope_id, "id+=1");
  EXPECT_EQ(got.dsn_return, model::DsnReturn::Headers);
  EXPECT_TRUE(got.smtputf8);
}

TEST_P(ClientAgainstServer, RefusalsOfAllKindsLeaveTheConnectionUsable) {
  greet();
  const Mail good;
  const auto expect = [&](const Mail& mail, std::initializer_list<const char*> outcomes) {
    send(mail);
    std::size_t n = 0;
    for (const char* outcome : outcomes) EXPECT_TRUE(describe(client_.outcomes()[n++]).starts_with(outcome));
    send(good);
    EXPECT_EQ(client_.outcomes()[0].kind, OutcomeKind::Delivered);
  };
  expect(Mail({"refused@x.test", "a@x.test", "later@x.test"}), {"bounced rcpt", "delivered end", "deferred rcpt"});
  expect(Mail({"refused@x.test", "later@x.test"}), {"bounced rcpt", "deferred rcpt"});
  expect(Mail({}, "answer-452\r\n"), {"deferred end-of-data"});
  Mail sender;
  sender.envelope.sender = "refused@ours.test";
  expect(sender, {"bounced mail"});
  EXPECT_EQ(server_->messages.size(), 6U);
}

TEST_P(ClientAgainstServer, ClosingReplyEndsIt) {
  greet();
  send(Mail({"a@x.test", "down@x.test", "c@x.test"}));
  EXPECT_TRUE(std::holds_alternative<Closed>(client_.next()));
  for (const auto& outcome : client_.outcomes()) {
    EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
    EXPECT_EQ(outcome.step, model::Step::Rcpt);
  }
  EXPECT_TRUE(server_->closed);
  EXPECT_TRUE(server_->messages.empty());
}

INSTANTIATE_TEST_SUITE_P(Ways, ClientAgainstServer,
                         testing::Values(Way{"step by step", false, false}, Way{"pipelined", true, false},
                                         Way{"in one write", true, true}));

}  // namespace
}  // namespace penstock::smtp
