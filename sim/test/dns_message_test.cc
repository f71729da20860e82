// SPDX-License-Identifier: Apache-2.0
#include "sim/dns_message.h"

#include <gtest/gtest.h>

using namespace penstock::sim::dns;
using namespace std::string_literals;

namespace {

// A query as a resolver writes it: id 0x1234, RD, one question, optionally an OPT record.
std::string query_packet(const std::string& name_wire, Type type, bool edns = false) {
  std::string packet = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00"s + (edns ? "\x01"s : "\x00"s);
  packet += name_wire + "\x00"s + static_cast<char>(type) + "\x00\x01"s;
  if (edns) packet += "\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00"s;  // 4096 octets, DO
  return packet;
}

const std::string kMixedCase =
    "\x07"
    "ExAmPlE\x04TeSt\x00"s;

}  // namespace

TEST(DnsQuery, QuestionAndEdnsAreRead) {
  const auto query = parse_query(query_packet(kMixedCase, Type::MX, true));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_EQ(query->name, "example.test");
  EXPECT_EQ(query->type, Type::MX);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_TRUE(query->edns);
  EXPECT_TRUE(query->dnssec_ok);
  EXPECT_EQ(query->udp_size, 4096);
}

TEST(DnsQuery, DotInsideLabelIsNotASeparator) {
  const auto query =
      parse_query(query_packet("\x03"
                               "a.b\x04test\x00"s,
                               Type::A));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->name, "a\\.b.test");
}

TEST(DnsQuery, EveryTruncationIsRefusedOrIgnored) {
  const std::string whole = query_packet(kMixedCase, Type::MX, true);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto query = parse_query(std::string_view(whole).substr(0, length));
    ASSERT_FALSE(query) << length;
    EXPECT_EQ(query.error().respond, length >= 12) << length;
    EXPECT_EQ(query.error().rcode, Rcode::FormErr);
  }
}

TEST(DnsQuery, MalformedPacketsAreRefused) {
  std::string response = query_packet(kMixedCase, Type::A);
  response[2] = '\x81';
  EXPECT_FALSE(parse_query(response).error().respond) << "answering answers would make loops";
  std::string notify = query_packet(kMixedCase, Type::A);
  notify[2] = '\x20';
  EXPECT_EQ(parse_query(notify).error().rcode, Rcode::NotImp);
  std::string two_questions = query_packet(kMixedCase, Type::A);
  two_questions[5] = 2;
  EXPECT_EQ(parse_query(two_questions).error().rcode, Rcode::FormErr);
  EXPECT_FALSE(parse_query(query_packet("\xC0\x0C"s, Type::A))) << "a pointer to itself";
  std::string long_name;
  for (int i = 0; i < 5; ++i) long_name += "\x3F" + std::string(63, 'x');
  EXPECT_FALSE(parse_query(query_packet(long_name + "\x00"s, Type::A))) << "more than 255 octets";
  EXPECT_EQ(format_refusal({true, 0x1234, Rcode::FormErr}), "\x12\x34\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00"s);
}

TEST(DnsResponse, NamesAreCompressedAndQuestionKeepsItsCapitals) {
  const auto query = parse_query(query_packet(kMixedCase, Type::MX));
  Response response;
  response.answers = {{"example.test", Type::MX, 60, 10, "mx.example.test", {}}};
  const std::string packet = format_response(*query, response, 512);
  const std::string expected = "\x12\x34\x85\x00\x00\x01\x00\x01\x00\x00\x00\x00"s + kMixedCase + "\x00\x0F\x00\x01"s +
                               "\xC0\x0C\x00\x0F\x00\x01\x00\x00\x00\x3C\x00\x07\x00\x0A\x02mx\xC0\x0C"s;
  EXPECT_EQ(packet, expected);
}

TEST(DnsResponse, WhatDoesNotFitIsTruncated) {
  const auto query = parse_query(query_packet(kMixedCase, Type::TXT, true));
  Response response;
  response.answers = {{"example.test", Type::TXT, 60, 0, {}, std::string(600, 't')}};
  const std::string cut = format_response(*query, response, 512);
  EXPECT_LE(cut.size(), 512U);
  EXPECT_EQ(cut[2] & 0x02, 0x02) << "TC";
  EXPECT_EQ(cut[7], 0) << "no answers";
  EXPECT_EQ(cut[11], 1) << "OPT stays";
  const std::string whole = format_response(*query, response, 65535);
  EXPECT_EQ(whole[2] & 0x02, 0);
  // Three strings of 255, 255 and 90 octets.
  EXPECT_NE(whole.find("\x02\x5B\xFF"s + "t"), std::string::npos);
}
