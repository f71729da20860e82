// SPDX-License-Identifier: Apache-2.0
#include "sasl/scram.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace penstock::sasl {
namespace {

// The messages of RFC 5802 §5 (SHA-1, but the form is the same).
TEST(Scram, MessagesOfRfc5802AreRead) {
  const auto first = parse_client_first("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->gs2_header, "n,,");
  EXPECT_EQ(first->user, "user");
  EXPECT_EQ(first->nonce, "fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(first->bare, "n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  const auto server = parse_server_first("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->nonce, "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j");
  EXPECT_EQ(encode_base64(server->salt), "QSXCR+Q6sek8bf92");
  EXPECT_EQ(server->iterations, 4096U);
  EXPECT_EQ(format_server_first(*server), "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  const auto final =
      parse_client_final("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  ASSERT_TRUE(final);
  EXPECT_EQ(final->channel_binding, "n,,");
  EXPECT_EQ(final->proof.size(), 20U);
  EXPECT_EQ(final->without_proof, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j");
  const auto signature = parse_server_final("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->size(), 20U);
}

TEST(Scram, ClientFirstInItsVariants) {
  EXPECT_EQ(parse_client_first("y,,n=a,r=x")->gs2_header, "y,,");
  EXPECT_EQ(parse_client_first("n,a=boss,n=a,r=x")->authzid, "boss");
  EXPECT_EQ(parse_client_first("n,a=bo=2Css,n=a,r=x")->gs2_header, "n,a=bo=2Css,");
  EXPECT_EQ(parse_client_first("n,,n=a=2Cb=3Dc,r=x")->user, "a,b=c");
  EXPECT_EQ(parse_client_first("n,,n=a,r=x,k=later")->nonce, "x");
  for (const char* bad : {"",
                          "n",
                          "n,",
                          "n,,",
                          "n,,n=a",
                          "n,,n=a,r=",
                          "n,,n=,r=x",
                          "n,,r=x,n=a",
                          "p=tls-unique,,n=a,r=x",
                          "n=a,r=x",
                          "N,,n=a,r=x",
                          "n,,m=ext,n=a,r=x",
                          "n,,n=a=2,r=x",
                          "n,,n=a=2c,r=x",
                          "n,,n=a=,r=x",
                          "n,,n=a,r=x,",
                          "n,,n=a,r=x y",
                          "n,,n=a,r=x,1=y",
                          "n,,n=a,r=x,novalue",
                          "n,b=a,n=a,r=x",
                          "n,a=,n=a,r=x",
                          "n,,n=a,r=x\x7f"}) {
    EXPECT_FALSE(parse_client_first(bad)) << bad;
  }
  EXPECT_FALSE(parse_client_first(std::string_view("n,,n=a\0b,r=x", 12)));
  EXPECT_FALSE(parse_client_first("n,,n=a,r=" + std::string(3000, 'x')));
}

TEST(Scram, OtherMessagesThatAreNone) {
  for (const char* bad : {"", "r=x", "r=x,s=QQ==", "r=x,s=QQ==,i=", "r=x,s=QQ==,i=0", "r=x,s=QQ==,i=-1",
                          "r=x,s=QQ==,i=4096x", "r=x,s=QQ==,i=99999999999", "r=x,s=,i=4096", "r=x,s=Q,i=4096",
                          "s=QQ==,r=x,i=4096", "m=y,r=x,s=QQ==,i=4096", "r=,s=QQ==,i=4096", "e=other-error"}) {
    EXPECT_FALSE(parse_server_first(bad)) << bad;
  }
  for (const char* bad : {"", "c=biws,r=x", "c=biws,p=QQ==", "r=x,c=biws,p=QQ==", "c=biws,r=x,p=Q",
                          "c=b,r=x,p=QQ==", "c=biws,r=x,p=QQ==,k=y", "c=biws,r=,p=QQ==", ",p=QQ=="}) {
    EXPECT_FALSE(parse_client_final(bad)) << bad;
  }
  for (const char* bad : {"", "v=", "v=Q", "e=invalid-proof", "V=QQ=="}) {
    const auto parsed = parse_server_final(bad);
    EXPECT_TRUE(!parsed || parsed->empty()) << bad;
  }
}

TEST(Scram, NamesComeBack) {
  for (const char* name : {"user", "a,b", "a=b", "=2C", ",,==", "b\xc3\xb6se"}) {
    EXPECT_EQ(unescape_name(escape_name(name)), name);
  }
}

}  // namespace
}  // namespace penstock::sasl
