// SPDX-License-Identifier: Apache-2.0
#include "smtp/proxy_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace penstock::smtp {
namespace {

using Got = ProxyParser::Got;

// Takes `bytes` in pieces; checks that what follows the header is left alone.
ProxyParser parsed(const std::string& bytes, Got wanted, std::size_t piece_bytes) {
  ProxyParser parser;
  std::string input = bytes + (wanted == Got::Done ? "EHLO client" : "");
  Got got = Got::More;
  std::size_t taken = 0;
  while (got == Got::More && taken < input.size()) {
    const std::string piece = input.substr(taken, piece_bytes);
    std::string_view rest = piece;
    got = parser.take(rest);
    taken += piece.size() - rest.size();
  }
  EXPECT_EQ(got, wanted) << bytes << " " << parser.problem();
  if (wanted == Got::Done) {
    EXPECT_EQ(taken, bytes.size()) << bytes;
  }
  return parser;
}

ProxyParser parsed(const std::string& bytes, Got wanted) {
  (void)parsed(bytes, wanted, 1);
  (void)parsed(bytes, wanted, 7);
  return parsed(bytes, wanted, 100'000);
}

std::string version_2(char command, char family, const std::string& data, std::size_t length) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += command;
  bytes += family;
  bytes += static_cast<char>(length >> 8);
  bytes += static_cast<char>(length & 0xFF);
  return bytes + data;
}

std::string version_2(char command, char family, const std::string& data) {
  return version_2(command, family, data, data.size());
}

const std::string kTcp4("\xC0\x00\x02\x01\xC6\x33\x64\x02\x10\x00\x00\x19", 12);

TEST(ProxyVersion1, GivesAddressesAndPorts) {
  const ProxyHeader v4 = parsed("PROXY TCP4 192.0.2.1 198.51.100.2 4096 25\r\n", Got::Done).header();
  EXPECT_TRUE(v4.has_addresses);
  EXPECT_EQ(v4.source.to_string(), "192.0.2.1");
  EXPECT_EQ(v4.destination.to_string(), "198.51.100.2");
  EXPECT_EQ(v4.source_port, 4096);
  EXPECT_EQ(v4.destination_port, 25);
  const ProxyHeader v6 = parsed("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n", Got::Done).header();
  EXPECT_EQ(v6.source.to_string(), "2001:db8::1");
  EXPECT_EQ(v6.source_port, 65535);
}

TEST(ProxyVersion1, UnknownHasNoAddressesWhateverFollows) {
  EXPECT_FALSE(parsed("PROXY UNKNOWN\r\n", Got::Done).header().has_addresses);
  EXPECT_FALSE(parsed("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Got::Done).header().has_addresses);
}

TEST(ProxyVersion1, MalformedLinesAreRefused) {
  const char* const cases[] = {
      "EHLO client\r\n",
      "PROXY\r\n",
      "PROXY \r\n",
      "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
      "PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n",
      "PROXY TCP4 192.0.2.300 198.51.100.2 1 2\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
      "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
      "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 \r2\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
      "\r\n\r\nQUIT",
  };
  for (const char* text : cases) (void)parsed(text, Got::Malformed);
}

TEST(ProxyVersion1, LineEndsAt107Bytes) {
  const std::string start = "PROXY UNKNOWN ";
  (void)parsed(start + std::string(107 - 2 - start.size(), 'x') + "\r\n", Got::Done);
  (void)parsed(start + std::string(108 - 2 - start.size(), 'x') + "\r\n", Got::Malformed);
}

TEST(ProxyVersion1, WaitsForTheWholeLine) {
  ProxyParser parser;
  std::string_view bytes = "PROXY TCP4 192.0.2.1 198.51.100.2 4096 25\r";
  EXPECT_EQ(parser.take(bytes), Got::More);
  bytes = "\nrest";
  EXPECT_EQ(parser.take(bytes), Got::Done);
  EXPECT_EQ(bytes, "rest");
  EXPECT_EQ(parser.take(bytes), Got::Done) << "stays so";
  EXPECT_EQ(bytes, "rest");
}

TEST(ProxyVersion2, GivesAddressesAndPorts) {
  const ProxyHeader v4 = parsed(version_2(0x21, 0x11, kTcp4), Got::Done).header();
  EXPECT_TRUE(v4.has_addresses);
  EXPECT_EQ(v4.source.to_string(), "192.0.2.1");
  EXPECT_EQ(v4.destination.to_string(), "198.51.100.2");
  EXPECT_EQ(v4.source_port, 4096);
  EXPECT_EQ(v4.destination_port, 25);

  std::string addresses(32, '\0');
  addresses[0] = addresses[16] = 0x20;
  addresses[1] = addresses[17] = 0x01;
  addresses[15] = 1;
  addresses[31] = 2;
  const ProxyHeader v6 =
      parsed(version_2(0x21, 0x21, addresses + std::string("\x12\x34\x00\x19", 4)), Got::Done).header();
  EXPECT_EQ(v6.source.to_string(), "2001::1");
  EXPECT_EQ(v6.destination.to_string(), "2001::2");
  EXPECT_EQ(v6.source_port, 0x1234);
}

TEST(ProxyVersion2, MappedAddressIsTheIpv4Address) {
  std::string addresses(36, '\0');
  for (const std::size_t at : {10U, 11U, 26U, 27U}) addresses[at] = '\xff';
  addresses[12] = addresses[28] = 10;
  const ProxyHeader header = parsed(version_2(0x21, 0x21, addresses), Got::Done).header();
  EXPECT_EQ(header.source.to_string(), "10.0.0.0");
  EXPECT_FALSE(header.source.v6);
}

TEST(ProxyVersion2, ExtraDataIsSkipped) {
  const std::string tlvs(
      "\x04\x00\x03"
      "abc"
      "\xE0\x00\x00",
      9);
  EXPECT_TRUE(parsed(version_2(0x21, 0x11, kTcp4 + tlvs), Got::Done).header().has_addresses);
  EXPECT_TRUE(parsed(version_2(0x21, 0x11, kTcp4 + std::string(4096 - 12, 'x')), Got::Done).header().has_addresses);
}

TEST(ProxyVersion2, LocalAndOtherFamiliesHaveNoAddresses) {
  EXPECT_FALSE(parsed(version_2(0x20, 0x00, ""), Got::Done).header().has_addresses);
  EXPECT_FALSE(parsed(version_2(0x20, 0x11, kTcp4), Got::Done).header().has_addresses);
  EXPECT_FALSE(parsed(version_2(0x21, 0x00, ""), Got::Done).header().has_addresses);
  EXPECT_FALSE(parsed(version_2(0x21, 0x12, kTcp4), Got::Done).header().has_addresses) << "UDP";
  EXPECT_FALSE(parsed(version_2(0x21, 0x31, std::string(216, 'u')), Got::Done).header().has_addresses) << "unix";
}

TEST(ProxyVersion2, MalformedHeadersAreRefused) {
  (void)parsed(version_2(0x11, 0x11, kTcp4), Got::Malformed);
  (void)parsed(version_2(0x22, 0x11, kTcp4), Got::Malformed);
  (void)parsed(version_2(0x21, 0x11, kTcp4.substr(1)), Got::Malformed);
  (void)parsed(version_2(0x21, 0x21, kTcp4), Got::Malformed);
  (void)parsed(version_2(0x21, 0x11, kTcp4 + std::string(4097 - 12, 'x')), Got::Malformed);
  (void)parsed(version_2(0x21, 0x11, "", 65535), Got::Malformed);
  std::string wrong = version_2(0x21, 0x11, kTcp4);
  wrong[11] = '\r';
  (void)parsed(wrong, Got::Malformed);
}

TEST(ProxyVersion2, EveryTruncationWaits) {
  const std::string whole = version_2(0x21, 0x11, kTcp4 + "tlv");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    ProxyParser parser;
    std::string_view bytes = std::string_view(whole).substr(0, size);
    EXPECT_EQ(parser.take(bytes), Got::More) << size;
    EXPECT_TRUE(bytes.empty());
  }
}

}  // namespace
}  // namespace penstock::smtp
