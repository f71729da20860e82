// SPDX-License-Identifier: Apache-2.0
#include "smtp/xclient.h"

#include <gtest/gtest.h>

namespace penstock::smtp {
namespace {

TEST(Xclient, AllAttributesAreRead) {
  const auto got = parse_xclient(
      "NAME=spike.example ADDR=192.0.2.9 PORT=1234 PROTO=esmtp HELO=me LOGIN=user+40example DESTADDR=IPV6:2001:db8::1 "
      "DESTPORT=25");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->name, "spike.example");
  EXPECT_EQ(got->address, IpAddress::parse("192.0.2.9"));
  EXPECT_EQ(got->port, 1234);
  EXPECT_EQ(got->protocol, "ESMTP");
  EXPECT_EQ(got->helo, "me");
  EXPECT_EQ(got->login, "user@example");
  EXPECT_EQ(got->destination_address, IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(got->destination_port, 25);
}

TEST(Xclient, UnknownValuesAreEmpty) {
  const auto got = parse_xclient("name=[UNAVAILABLE]  addr=[TEMPUNAVAIL] port=[unavailable] login=[UNAVAILABLE]");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->name, "");
  EXPECT_EQ(got->login, "");
  EXPECT_FALSE(got->address);
  EXPECT_FALSE(got->port);
  EXPECT_FALSE(got->helo);
}

TEST(Xclient, MalformedOnesAreNothing) {
  for (const char* text :
       {"", " ", "NAME", "NAME=", "FOO=1", "NAME=a NAME=b", "ADDR=1.2.3", "ADDR=x", "PORT=0x1", "PORT=65536", "PORT=-1",
        "PROTO=LMTP", "NAME=a+0D+0Ab", "NAME=+", "DESTADDR=1", "DESTPORT=", "=x", "HELO=\xc3\xbc"}) {
    EXPECT_FALSE(parse_xclient(text)) << text;
  }
  EXPECT_TRUE(parse_xclient("NAME=" + std::string(255, 'n')));
  EXPECT_FALSE(parse_xclient("NAME=" + std::string(256, 'n')));
}

}  // namespace
}  // namespace penstock::smtp
