// SPDX-License-Identifier: Apache-2.0
#include "mime/received.h"

#include <gtest/gtest.h>

#include "mime/header.h"

namespace penstock::mime {
namespace {

constexpr Time kTime{std::chrono::seconds{1767323045}};

ReceivedLine sample() {
  return {.client_name = "client.example",
          .client_address = "192.0.2.1",
          .host = "mta1.example.com",
          .protocol = "ESMTP",
          .id = "01K8Q2R5VX3ZP",
          .recipient = "user@example.org",
          .time = kTime};
}

// Exactly one field, whatever the client said.
void expect_one_field(const std::string& text) {
  HeaderScanner scan(text);
  HeaderField field;
  EXPECT_TRUE(scan.next(field)) << text;
  EXPECT_EQ(field.name, "Received");
  EXPECT_FALSE(scan.next(field)) << text;
  EXPECT_EQ(scan.malformed_count(), 0U) << text;
  EXPECT_EQ(scan.header_size(), text.size()) << text;
}

TEST(FormatReceived, NamesBothSidesAndTheTime) {
  EXPECT_EQ(format_received(sample()),
            "Received: from client.example ([192.0.2.1])\r\n"
            "\tby mta1.example.com with ESMTP id 01K8Q2R5VX3ZP\r\n"
            "\tfor <user@example.org>;\r\n"
            "\tFri, 02 Jan 2026 03:04:05 +0000\r\n");
}

TEST(FormatReceived, PartsThatAreMissingAreLeftOut) {
  ReceivedLine line = sample();
  line.recipient = "";
  line.client_name = "";
  line.client_address = "2001:db8::1";
  EXPECT_EQ(format_received(line),
            "Received: from unknown ([IPv6:2001:db8::1])\r\n"
            "\tby mta1.example.com with ESMTP id 01K8Q2R5VX3ZP;\r\n"
            "\tFri, 02 Jan 2026 03:04:05 +0000\r\n");
  line.client_address = "";
  EXPECT_TRUE(format_received(line).starts_with("Received: by mta1.example.com with"));
}

TEST(FormatReceived, HostileNamesStayInsideTheirClause) {
  for (const std::string_view name :
       {"evil\r\nBcc: x@y.example", "a (b) c", "a; Mon, 1 Jan 2024", "\x01\x7F\xFF", "a\nb", "<a@b>"}) {
    ReceivedLine line = sample();
    line.client_name = name;
    line.recipient = name;
    const std::string text = format_received(line);
    expect_one_field(text);
    EXPECT_EQ(text.find("\r\nBcc"), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), ';'), 1);
  }
  ReceivedLine line = sample();
  line.client_name = "evil\r\nBcc: x";
  EXPECT_TRUE(format_received(line).starts_with("Received: from evil??Bcc:?x ("));
  const std::string long_name(5000, 'a');
  line.client_name = long_name;
  EXPECT_LT(format_received(line).size(), 700U);
}

TEST(FormatReceived, UnusualRecipientsAreNamedWhenHarmless) {
  ReceivedLine line = sample();
  line.recipient = "b\xC3\xBC+x@[IPv6:2001:db8::1]";
  EXPECT_NE(format_received(line).find("for <b\xC3\xBC+x@[IPv6:2001:db8::1]>;"), std::string::npos);
  line.recipient = "\"a b\"@example.org";
  EXPECT_EQ(format_received(line).find("for"), std::string::npos);
}

TEST(MessageId, IsIdAtHostInBrackets) {
  EXPECT_EQ(make_message_id("01K8Q2R5VX3ZP", "mta1.example.com"), "<01K8Q2R5VX3ZP@mta1.example.com>");
}

TEST(FormatField, CannotBeBroken) {
  EXPECT_EQ(format_field("Date", "x"), "Date: x\r\n");
  EXPECT_EQ(format_field("X", std::string_view("a\r\nB: c\0", 8)), "X: a  B: c \r\n");
}

}  // namespace
}  // namespace penstock::mime
