// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_format.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/rng.h"
#include "eventlog/event_line.h"
#include "eventlog/json_text.h"

namespace penstock::eventlog {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Time kTime{1'795'590'001'500'000us};  // 2026-11-25T07:00:01.5Z

std::string line_of(const model::Event& event) {
  LineBuffer buffer;
  append_event(buffer, event, "mta1");
  return std::string(buffer.view());
}
json::object object_of(const model::Event& event) {
  const std::string line = line_of(event);
  EXPECT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  return json::parse(line.substr(0, line.size() - 1)).as_object();
}

model::Event full_event() {
  model::Event e;
  e.type = model::EventType::Deferred;
  e.time = kTime;
  e.message = model::MessageId{12'345'678'901'234};
  e.recipient_index = 7;
  e.has_recipient = true;
  e.stream = "marketing";
  e.tenant = "shop";
  e.campaign = "autumn";
  e.list = "weekly";
  e.sender = "news@shop.example";
  e.recipient = "ann@slow.example";
  e.original_recipient = "rfc822;Ann@slow.example";
  e.envelope_id = "QQ314159";
  e.domain = "slow.example";
  e.provider = "slow";
  e.site = "mx1.slow.example";
  e.vmta = "v1";
  e.pool = "main";
  e.source_address = "192.0.2.1";
  e.peer_address = "198.51.100.7";
  e.peer_host = "mx1.slow.example";
  e.route = "mx";
  e.protocol = "smtp";
  e.client = "203.0.113.4";
  e.user = "shop-app";
  e.extensions = "PIPELINING,SIZE";
  e.step = model::Step::Rcpt;
  e.has_step = true;
  e.reply = {451, {4, 7, 1}, "try\nlater"};
  e.outcome_class = model::OutcomeClass::RateLimit;
  e.rule = "gmail-unusual-rate";
  e.scope = model::Scope::SourceIp;
  e.blocklist = "zen.spamhaus.org";
  e.attempt = 2;
  e.bytes = 10'240;
  e.queued = 1500ms;
  e.took = 20ms;
  e.next_attempt = kTime + 15min;
  e.tls_protocol = "TLSv1.3";
  e.tls_cipher = "TLS_AES_256_GCM_SHA384";
  e.tls_verified = "yes";
  e.tls_policy = "verify";
  e.connection = 99;
  e.dkim_domain = "shop.example";
  e.report = "00112233445566ff.0";
  e.detail = "words";
  return e;
}

TEST(EventFormat, EveryFieldIsWrittenUnderItsName) {
  EXPECT_EQ(
      line_of(full_event()),
      R"({"time":"2026-11-25T07:00:01.500000Z","type":"deferred","node":"mta1","id":")" +
          model::format_id(model::MessageId{12'345'678'901'234}) +
          R"(","rcpt_index":7,"stream":"marketing","tenant":"shop","campaign":"autumn",)"
          R"("list":"weekly","sender":"news@shop.example","recipient":"ann@slow.example","orcpt":"rfc822;Ann@slow.example",)"
          R"("envid":"QQ314159","domain":"slow.example","provider":"slow","site":"mx1.slow.example","vmta":"v1",)"
          R"("pool":"main","source":"192.0.2.1","peer":"198.51.100.7","peer_host":"mx1.slow.example",)"
          R"("route":"mx","protocol":"smtp","client":"203.0.113.4","user":"shop-app",)"
          R"("extensions":"PIPELINING,SIZE",)"
          R"("step":"rcpt","reply":"451 4.7.1 try / later","code":451,"enhanced":"4.7.1",)"
          R"("class":"rate-limit","rule":"gmail-unusual-rate","scope":"source-ip","blocklist":"zen.spamhaus.org",)"
          R"("attempt":2,"size":10240,"queued_us":1500000,"took_us":20000,)"
          R"("next":"2026-11-25T07:15:01.500000Z","tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384",)"
          R"("tls_verified":"yes","tls_policy":"verify",)"
          R"("connection":99,"dkim_domain":"shop.example","report":"00112233445566ff.0","detail":"words"})"
          "\n");
  EXPECT_EQ(object_of(full_event()).size(), kFieldNames.size());
}

TEST(EventFormat, WhatIsEmptyOrZeroIsLeftOut) {
  model::Event e;
  e.type = model::EventType::Config;
  e.time = kTime;
  EXPECT_EQ(line_of(e), R"({"time":"2026-11-25T07:00:01.500000Z","type":"config","node":"mta1"})"
                        "\n");
}

TEST(EventFormat, NullSenderIsWrittenWhereThereIsARecipient) {
  model::Event e = full_event();
  e.sender = "";
  EXPECT_EQ(object_of(e).at("sender").as_string(), "");
}

TEST(EventFormat, ReplyWithoutCodeIsItsWords) {
  model::Event e = full_event();
  e.reply = {0, {}, "connection refused"};
  const json::object object = object_of(e);
  EXPECT_EQ(object.at("reply").as_string(), "connection refused");
  EXPECT_FALSE(object.contains("code"));
  EXPECT_FALSE(object.contains("enhanced"));
}

TEST(EventFormat, ReplyReadsAsReplyToStringDoes) {
  for (const model::Reply& reply : {model::Reply{550, {5, 1, 1}, "no\nsuch\n\nuser"}, model::Reply{250, {}, ""},
                                    model::Reply{421, {4, 999, 12}, ""}, model::Reply{554, {}, "\n"}}) {
    model::Event e = full_event();
    e.reply = reply;
    EXPECT_EQ(object_of(e).at("reply").as_string(), reply.to_string());
  }
}

TEST(EventFormat, LongTextsAreCutAtACharacter) {
  model::Event e = full_event();
  std::string long_text(kTextMax - 1, 'x');
  long_text += "\xC3\xA4\xC3\xA4";
  e.detail = long_text;
  EXPECT_EQ(object_of(e).at("detail").as_string(), std::string(kTextMax - 1, 'x') + "\xE2\x80\xA6");
  e.reply.text = std::string(kTextMax * 2, '\n');
  EXPECT_TRUE(std::string_view(object_of(e).at("reply").as_string()).ends_with("\xE2\x80\xA6"));
  e.reply.text = std::string(kTextMax * 2, '\x01');
  EXPECT_TRUE(std::string_view(object_of(e).at("reply").as_string()).ends_with("\xE2\x80\xA6"));
}

TEST(EventFormat, HostileBytesAnywhereGiveValidJsonWithTheSameText) {
  Rng rng(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (std::size_t n = rng.below(40); n > 0; --n) {
      // Mostly what is special: quotes, controls, halves of UTF-8 characters.
      constexpr std::string_view kSpecial =
          "\"\\\n\r\t\x01\x1f\x7f\x80\xbf\xc0\xc3\xa4\xe2\x82\xac\xed\xa0\xf0\x9f\x98\x80\xff,{}:";
      text += rng.below(2) == 0 ? kSpecial[rng.below(kSpecial.size())] : static_cast<char>(rng.below(256));
    }
    model::Event e = full_event();
    e.detail = text;
    e.recipient = text;
    const json::object object = object_of(e);
    const std::string line = line_of(e);
    EventLine event;
    ASSERT_TRUE(event.parse(std::string_view(line).substr(0, line.size() - 1))) << line;
    std::string scratch;
    if (text.empty()) continue;
    EXPECT_EQ(event.text(Field::Detail, scratch), std::string_view(object.at("detail").as_string()));
    EXPECT_EQ(event.text(Field::Recipient, scratch), std::string_view(object.at("recipient").as_string()));
  }
}

TEST(EventFormat, TimesReadBackAsWritten) {
  for (const Time time : {Time{}, kTime, Time{951'782'400s} /* 2000-02-29 */, Time{253'402'300'799s}}) {
    std::array<char, kTimeLength> text;
    EXPECT_EQ(format_time(text.data(), time), text.data() + text.size());
    EXPECT_EQ(parse_time({text.data(), text.size()}), time);
  }
  std::array<char, kTimeLength> text;
  format_time(text.data(), Time{-1s});
  EXPECT_EQ(std::string_view(text.data(), text.size()), "1970-01-01T00:00:00.000000Z");
}

TEST(JsonText, EscapesWhatMustBe) {
  const std::vector<std::pair<std::string_view, std::string_view>> table{
      {"plain text, long enough for words", "plain text, long enough for words"},
      {"say \"hi\"", "say \\\"hi\\\""},
      {"a\\b", "a\\\\b"},
      {std::string_view("\0\x1f\n\r\t", 5), "\\u0000\\u001f\\n\\r\\t"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"latin1 \xFC", "latin1 \xEF\xBF\xBD"},
      {"seven..\x7f", "seven..\\u007f"},
      {"\xC2\x80\xC2\x9B"
       "31m\xC2\x9F\xC2\xA0",
       "\\u0080\\u009b31m\\u009f\xC2\xA0"},
      {"\u2028\u2029 \u202a\u202e \u2066\u2069", "\\u2028\\u2029 \\u202a\\u202e \\u2066\\u2069"},
  };
  for (const auto& [text, escaped] : table) EXPECT_EQ(escape_json(text), escaped) << text;
}

TEST(JsonText, UnescapesEveryFormJsonHas) {
  const auto unescaped = [](std::string_view text) {
    std::string out;
    return unescape_json(text, out) ? out : "(not)";
  };
  EXPECT_EQ(unescaped("a\\\"\\\\\\/\\b\\f\\n\\r\\tz"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(unescaped("\\u0041\\u00fc\\u20ac\\uD83D\\uDE00"), "A\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(unescaped("\\uD83D-"), "\xEF\xBF\xBD-");
  EXPECT_EQ(unescaped("\\uDE00"), "\xEF\xBF\xBD");
  EXPECT_EQ(unescaped("\\uD83D\\u0041"),
            "\xEF\xBF\xBD"
            "A");
  for (const std::string_view bad : {"\\", "\\x", "\\u12", "\\u12g4", "\\uD83D\\u1"})
    EXPECT_EQ(unescaped(bad), "(not)") << bad;
}

}  // namespace
}  // namespace penstock::eventlog
