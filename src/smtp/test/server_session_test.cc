// SPDX-License-Identifier: Apache-2.0
// What dialogs cannot say: grouping of writes, time-outs, early bytes, bounds at their number, what the caller is told.
#include "smtp/server_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "smtp/test/dialog.h"

namespace penstock::smtp {
namespace {

constexpr std::string_view kHello = "EHLO client.example\r\n";
constexpr std::string_view kEnvelope = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";

TEST(ServerSession, EveryCommandOutsideATransactionHasItsAnswer) {
  struct Case {
    const char* line;
    const char* reply;
  };
  const Case cases[] = {
      {"", "500 5.5.2"},         {"EHLO", "501 5.5.4"},
      {"EHLO a b", "501"},       {"HELO x", "250 mta.test"},
      {"helo x", "250"},         {"MAIL", "503"},
      {"MAIL FROM:<>", "503"},   {"RCPT TO:<a@b>", "503"},
      {"DATA", "503 5.5.1"},     {"DATA x", "501"},
      {"RSET", "250 2.0.0"},     {"RSET x", "501"},
      {"NOOP", "250 2.0.0"},     {"NOOP x", "250"},
      {"HELP", "214 2.0.0"},     {"HELP MAIL", "214"},
      {"VRFY", "501"},           {"VRFY a@b", "252 2.0.0"},
      {"EXPN x", "502 5.5.1"},   {"STARTTLS", "502 5.5.1"},
      {"AUTH PLAIN", "502"},     {"AUTH", "502"},
      {"XCLIENT NAME=a", "550"}, {"TURN", "500 5.5.2"},
      {"ETRN x", "500"},         {"SEND FROM:<a@b>", "500"},
      {"LHLO x", "500"},         {"ehlo\xff", "500"},
      {"EHLO \xff", "501"},      {"XFORWARD NAME=x", "500"},
      {"BURL imap:x", "500"},    {"Subject: x", "500"},
  };
  for (const Case& c : cases) {
    ServerScript().they("220").we(c.line).they(c.reply).we("NOOP").they("250").check_all_ways(c.line);
  }
}

TEST(ServerSession, EveryCommandInsideATransactionHasItsAnswer) {
  struct Case {
    const char* line;
    const char* reply;
  };
  const Case cases[] = {
      {"MAIL FROM:<>", "503"},
      {"RCPT", "501 5.5.4"},
      {"RCPT TO", "501 5.5.4"},
      {"RCPT TO:", "501 5.1.3"},
      {"RCPT FROM:<a@b>", "501"},
      {"RCPT TO:<>", "501 5.1.3"},
      {"RCPT TO:<a>", "501 5.1.3"},
      {"RCPT TO:<a@b>", "250 2.1.5"},
      {"rcpt to:<a@b>", "250"},
      {"RCPT TO: <a@b>", "250"},
      {"RCPT TO:<refused@b>", "550"},
      {"RCPT TO:<later@b>", "451"},
      {"DATA", "503 5.5.1 say RCPT"},
      {"DATA x", "501"},
      {"NOOP", "250"},
      {"VRFY x", "252"},
      {"HELO x", "250"},
      {"RSET", "250"},
      {"FOO", "500"},
      {"XCLIENT ADDR=1.2.3.4", "503"},
      {"RCPT TO:<ü@b>", "553 5.6.7"},
      {"RCPT TO:<a@b> X=1", "555"},
      {"RCPT TO:<a@b> NOTIFY=X", "501"},
      {"QUITE", "500"},
  };
  ServerOptions options = test_options();
  options.offers.xclient = true;
  for (const Case& c : cases) {
    ServerScript(options)
        .they("220")
        .we("EHLO x")
        .they("...")
        .they("250")
        .we("MAIL FROM:<a@b.example>")
        .they("250 2.1.0")
        .we(c.line)
        .they(c.reply)
        .we("NOOP")
        .they("250")
        .check_all_ways(c.line);
  }
}

TEST(ServerSession, APipelinedGroupIsAnsweredInOneWrite) {
  ServerDriver driver(test_options());
  driver.feed(kHello);
  EXPECT_EQ(driver.writes, 2U);
  driver.feed(std::string(kEnvelope) + "RCPT TO:<refused@d.example>\r\nDATA\r\n");
  EXPECT_EQ(driver.writes, 3U);
  driver.feed("text\r\n.\r\n" + std::string(kEnvelope) + "BDAT 6 LAST\r\ntext\r\n" + std::string(kEnvelope) +
              "DATA\r\n");
  EXPECT_EQ(driver.writes, 4U);
  EXPECT_EQ(driver.messages.size(), 2U);
}

TEST(ServerSession, NothingBehindAMessageIsLookedAtBeforeItsAnswer) {
  const ServerOptions options = test_options();
  ServerSession session(options, {});
  ASSERT_EQ(session.next(), ServerStep::Write);
  session.on_written();
  ASSERT_EQ(session.next(), ServerStep::Read);
  const std::string input = "HELO x\r\n";
  session.on_bytes(input);
  ASSERT_EQ(session.next(), ServerStep::Write);
  session.on_written();
  ASSERT_EQ(session.next(), ServerStep::Read);
  const std::string mail = std::string(kEnvelope) + "BDAT 1 LAST\r\nxMAIL FROM:<second@b.example>\r\nQUIT\r\n";
  session.on_bytes(mail);
  ASSERT_EQ(session.next(), ServerStep::CheckSender);
  ASSERT_EQ(session.next(), ServerStep::CheckSender) << "the same until it is decided";
  session.accept();
  ASSERT_EQ(session.next(), ServerStep::CheckRecipient);
  EXPECT_EQ(session.recipient().address, "c@d.example");
  session.accept();
  ASSERT_EQ(session.next(), ServerStep::Message);
  ASSERT_EQ(session.next(), ServerStep::Message);
  const ReceivedMessage message = session.take_message();
  EXPECT_EQ(message.body, "x");
  EXPECT_EQ(message.envelope.recipients.size(), 1U);
  ASSERT_EQ(session.next(), ServerStep::Message);
  EXPECT_EQ(session.output().find("221"), std::string_view::npos);
  session.answer({250, {2, 0, 0}, "Ok"});
  ASSERT_EQ(session.next(), ServerStep::CheckSender);
  EXPECT_EQ(session.envelope().sender, "second@b.example");
  session.refuse({451, {4, 3, 0}, "no"});
  ASSERT_EQ(session.next(), ServerStep::Write);
  EXPECT_EQ(session.output(), "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok\r\n451 4.3.0 no\r\n221 2.0.0 bye\r\n");
  session.on_written();
  EXPECT_EQ(session.next(), ServerStep::Close);
  EXPECT_EQ(session.next(), ServerStep::Close);
}

TEST(ServerSession, WhoSpeaksBeforeTheGreetingIsSentAway) {
  ServerDriver driver(test_options());
  driver.session().on_early_bytes();
  driver.run();
  EXPECT_EQ(driver.take_output(), "554 5.5.0 you spoke before the greeting\r\n");
  EXPECT_TRUE(driver.closed);
  ASSERT_EQ(driver.refusals.size(), 1U);
  EXPECT_EQ(driver.refusals[0].step, model::Step::Banner);
}

TEST(ServerSession, AConnectionCanBeRefusedInPlaceOfTheGreeting) {
  ServerDriver driver(test_options());
  driver.session().end({421, {4, 7, 0}, "too many connections"});
  driver.run();
  EXPECT_EQ(driver.take_output(), "421 4.7.0 too many connections\r\n");
  EXPECT_TRUE(driver.closed);
}

TEST(ServerSession, WhoDoesNotWaitIsSentAway) {
  for (const std::string first : {"EHLO x\r\n", "HELO x\r\n"}) {
    ServerDriver driver(test_options());
    driver.feed(first + "NOOP\r\n");
    EXPECT_TRUE(driver.take_output().ends_with("554 5.5.0 wait for the answer before you go on\r\n")) << first;
    EXPECT_TRUE(driver.closed);
  }
  ServerDriver driver(test_options());
  driver.feed(kHello);
  driver.feed(std::string(kEnvelope) + "DATA\r\nSubject: x\r\n");
  EXPECT_TRUE(driver.take_output().ends_with("554 5.5.0 wait for the answer before you go on\r\n"));
  EXPECT_TRUE(driver.messages.empty());
  ServerDriver refused(test_options());
  refused.feed(kHello);
  refused.feed("MAIL FROM:<a@b.example>\r\nDATA\r\nRSET\r\n");
  EXPECT_FALSE(refused.closed) << "DATA that is refused may have company (RFC 2920 §3.1)";
}

TEST(ServerSession, EndIsSaidInEveryState) {
  const model::Reply timeout{421, {4, 4, 2}, "timeout"};
  const std::string all = std::string(kHello) + std::string(kEnvelope) + "DATA\r\ntext\r\n.\r\n" +
                          std::string(kEnvelope) + "BDAT 4\r\nabcdBDAT 3 LAST\r\nabcNOOP\r\n";
  ServerOptions options = test_options();
  options.synchronised = false;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    ServerDriver driver(options);
    driver.feed(all.substr(0, size));
    (void)driver.take_output();
    driver.session().end(timeout);
    driver.session().end(timeout);
    driver.run();
    EXPECT_EQ(driver.take_output(), "421 4.4.2 timeout\r\n") << size;
    EXPECT_TRUE(driver.closed) << size;
  }
}

TEST(ServerSession, EndWhileAMessageIsStoredWaitsForItsAnswer) {
  const ServerOptions options = test_options();
  ServerSession session(options, {});
  const auto give = [&session](std::string_view bytes) {
    while (session.next() == ServerStep::Write) session.on_written();
    session.on_bytes(bytes);
    while (session.next() == ServerStep::CheckSender || session.next() == ServerStep::CheckRecipient) session.accept();
  };
  give("HELO x\r\n");
  give("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 1 LAST\r\nxNOOP\r\n");
  ASSERT_EQ(session.next(), ServerStep::Message);
  (void)session.take_message();
  session.end({421, {4, 3, 2}, "stopping"});
  ASSERT_EQ(session.next(), ServerStep::Message);
  session.answer({250, {2, 0, 0}, "Ok"});
  ASSERT_EQ(session.next(), ServerStep::Write);
  EXPECT_TRUE(session.output().ends_with("250 2.0.0 Ok\r\n421 4.3.2 stopping\r\n"));
  session.on_written();
  EXPECT_EQ(session.next(), ServerStep::Close);
  EXPECT_EQ(session.messages(), 1U);
}

TEST(ServerSession, CommandLinesAreHeldToTheirBounds) {
  ServerOptions options = test_options();
  const auto padded = [](std::string line, std::size_t bytes) {
    line.resize(bytes - 2, 'x');
    return line;
  };
  ServerScript(options)
      .they("220")
      .we("EHLO x")
      .they("...")
      .they("250")
      .we(padded("NOOP ", 512))
      .they("250")
      .we(padded("NOOP ", 513))
      .they("500 5.5.6")
      .we("MAIL FROM:<a@b.example> ENVID=" + std::string(100, 'e'))
      .they("250")
      .we("RCPT TO:<c@d.example>" + std::string(4096 - 2 - 21, ' '))
      .they("250")
      .we("RCPT TO:<c@d.example>" + std::string(4097 - 2 - 21, ' '))
      .they("500 5.5.6 line too long")
      .we("NOOP")
      .they("250")
      .check("bounds");
  ServerScript(options)
      .they("220")
      .raw(std::string(CommandReader::kSkippedBytesMax + 1, 'x'))
      .they("500 5.5.6 line without an end")
      .expect_closed()
      .check("endless");
}

TEST(ServerSession, RecipientsAreHeldToTheirBound) {
  ServerOptions options;
  options.hostname = "mta.test";
  ServerDriver driver(options);
  driver.feed(kHello);
  driver.feed("MAIL FROM:<a@b.example>\r\n");
  (void)driver.take_output();
  std::string group;
  for (int i = 0; i < 1000; ++i) group += fmt::format("RCPT TO:<u{}@d.example>\r\n", i);
  driver.feed(group);
  EXPECT_EQ(driver.take_output().find("452"), std::string::npos);
  driver.feed("RCPT TO:<more@d.example>\r\n");
  EXPECT_EQ(driver.take_output(), "452 4.5.3 too many recipients\r\n");
  driver.feed("DATA\r\n");
  driver.feed(".\r\n");
  ASSERT_EQ(driver.messages.size(), 1U);
  EXPECT_EQ(driver.messages[0].received.envelope.recipients.size(), 1000U);
}

TEST(ServerSession, TheCallerIsToldWhatTheSessionRefused) {
  ServerOptions options = test_options();
  options.message_bytes_max = 10;
  ServerDriver driver(options);
  driver.feed(kHello);
  driver.feed(
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<bad\x01@d.example>\r\nRCPT TO:<bad@@d>\r\nRCPT "
      "TO:<c@d.example>\r\nDATA\r\n");
  driver.feed("too large by far\r\n.\r\n");
  ASSERT_EQ(driver.refusals.size(), 3U);
  EXPECT_EQ(driver.refusals[0].reply.to_string(), "500 5.5.2 control character in a command");
  EXPECT_EQ(driver.refusals[1].step, model::Step::Rcpt);
  EXPECT_EQ(driver.refusals[1].about, "<bad@@d>");
  EXPECT_EQ(driver.refusals[2].step, model::Step::EndOfData);
  EXPECT_EQ(driver.refusals[2].reply.code, 552);
  EXPECT_EQ(driver.refusals[2].envelope.sender, "a@b.example");
  EXPECT_EQ(driver.refusals[2].envelope.recipients.at(0).address, "c@d.example");
  EXPECT_EQ(driver.refusals[2].envelope.body_bytes, 18U);
}

TEST(ServerSession, RepliesOfTheCallerCannotBreakOutOfTheirLine) {
  std::string out;
  append_reply(out, {550, {5, 1, 1}, "two\nlines\r\n250 injected \xc3\xbc"});
  EXPECT_EQ(out, "550-5.1.1 two\r\n550-5.1.1 lines?\r\n550 5.1.1 250 injected ??\r\n");
  out.clear();
  append_reply(out, {250, {}, ""});
  append_reply(out, {250, {2, 0, 0}, ""});
  EXPECT_EQ(out, "250 \r\n250 2.0.0\r\n");
  out.clear();
  append_reply(out, {550, {5, 1, 1}, std::string(2000, 'x')});
  EXPECT_EQ(out.size(), 512U);
}

TEST(ServerSession, ManyMessagesOnOneConnectionAreNoMatterOfBounds) {
  ServerDriver driver(test_options());
  driver.feed(kHello);
  for (int i = 0; i < 300; ++i) {
    driver.feed(std::string(kEnvelope) + "DATA\r\n");
    driver.feed("text\r\n.\r\n");
  }
  EXPECT_EQ(driver.messages.size(), 300U);
  EXPECT_EQ(driver.session().messages(), 300U);
  EXPECT_FALSE(driver.closed);
}

TEST(ServerSession, StrayChunksAreReadWithinABound) {
  ServerOptions options = test_options();
  options.discarded_bytes_max = 10;
  ServerScript(options)
      .they("220")
      .we("BDAT 10")
      .raw("NOOP\r\nQUIT")
      .they("503 5.5.1")
      .we("BDAT 1")
      .they("552 5.3.4")
      .expect_closed()
      .check_all_ways();
}

TEST(ServerSession, LargeMessagesComeWhole) {
  ServerOptions options = test_options();
  options.message_bytes_max = 0;
  std::string sent;
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) {
    const std::string line = fmt::format("{}line {}\r\n", i % 7 == 0 ? "." : "", i);
    sent += (i % 7 == 0 ? "." : "") + line;
    body += line;
  }
  ServerDriver driver(options);
  driver.feed(kHello);
  driver.feed("MAIL FROM:<a@b.example> SIZE=3000000\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
  driver.feed(sent, 65'536);
  driver.feed(".\r\n");
  ASSERT_EQ(driver.messages.size(), 1U);
  EXPECT_TRUE(driver.messages[0].received.body == body);
}

}  // namespace
}  // namespace penstock::smtp
