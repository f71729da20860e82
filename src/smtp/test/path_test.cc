// SPDX-License-Identifier: Apache-2.0
#include "smtp/path.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::smtp {
namespace {

struct Taken {
  const char* text;
  const char* mailbox;
  const char* rest;
};

TEST(TakePath, GivesTheMailboxInOneForm) {
  const Taken cases[] = {
      {"<a@b.example>", "a@b.example", ""},
      {"<>", "", ""},
      {"<> SIZE=1", "", " SIZE=1"},
      {"  <a@b.example>  BODY=7BIT", "a@b.example", "  BODY=7BIT"},
      {"a@b.example SIZE=1", "a@b.example", " SIZE=1"},
      {"<Mixed.Case@B.EXAMPLE>", "Mixed.Case@b.example", ""},
      {"<postmaster>", "postmaster", ""},
      {"<PostMaster>", "postmaster", ""},
      {"<@a.example:c@d.example>", "c@d.example", ""},
      {"<@a.example,@b.example:c@d.example>", "c@d.example", ""},
      {"<\"a b\"@c.example> X", "\"a b\"@c.example", " X"},
      {"<\"a>b\"@c.example>", "\"a>b\"@c.example", ""},
      {"<\"a@b\"@c.example>", "\"a@b\"@c.example", ""},
      {"<\"john\"@c.example>", "john@c.example", ""},
      {"<\"jo\\hn\"@c.example>", "john@c.example", ""},
      {"<\"a\\\"b\\\\c\"@d.example>", "\"a\\\"b\\\\c\"@d.example", ""},
      {"<\"a..b\"@c.example>", "\"a..b\"@c.example", ""},
      {"<\"\"@c.example>", "\"\"@c.example", ""},
      {"<a+b=c.d@e.example>", "a+b=c.d@e.example", ""},
      {"<!#$%&'*+-/=?^_`{|}~@e.example>", "!#$%&'*+-/=?^_`{|}~@e.example", ""},
      {"<a@localhost>", "a@localhost", ""},
      {"<a@under_score.example>", "a@under_score.example", ""},
      {"<a@1.2.3.4.example>", "a@1.2.3.4.example", ""},
      {"<a@[192.0.2.1]>", "a@[192.0.2.1]", ""},
      {"<a@[IPv6:2001:DB8::1]>", "a@[ipv6:2001:db8::1]", ""},
      {"<a@xn--bcher-kva.example>", "a@xn--bcher-kva.example", ""},
  };
  for (const Taken& wanted : cases) {
    std::string_view rest = wanted.text;
    const auto path = take_path(rest, Utf8::Refused);
    ASSERT_TRUE(path) << wanted.text;
    EXPECT_EQ(*path, wanted.mailbox) << wanted.text;
    EXPECT_EQ(rest, wanted.rest) << wanted.text;
  }
}

TEST(TakePath, RefusesWhatIsNoPath) {
  const char* const cases[] = {
      "",
      " ",
      "<",
      ">",
      "<a",
      "<a@b.example",
      "a",
      "<a>",
      "<@b.example>",
      "<a@>",
      "a@",
      "@",
      "<a@b.example>x",
      "<a@b.example>SIZE=1",
      "<<a@b.example>>",
      "<a@b@c.example>",
      "<a b@c.example>",
      "<.a@b.example>",
      "<a.@b.example>",
      "<a..b@c.example>",
      "<a@.b.example>",
      "<a@b.example.>",
      "<a@b..example>",
      "<a@-b.example>",
      "<a@b-.example>",
      "<a@b.example-->",
      "<a@b,c.example>",
      "<a@1.2.3.4>",
      "<a@12345>",
      "<\"a@b.example>",
      "<\"a\"b@c.example>",
      "<a\"b\"@c.example>",
      "<\"a\\\"@b.example>",
      "<\"a\nb\"@c.example>",
      "<a@[1.2.3]>",
      "<a@[1.2.3.4>",
      "<a@[1.2.3.400]>",
      "<a@[IPv6:1.2.3.4]>",
      "<a@[2001:db8::1]>",
      "<a@[IPv6:2001:db8::g]>",
      "<a@[x:y]>",
      "<@a.example>",
      "<@a.example:>",
      "<@a.example,b.example:c@d.example>",
      "<@:c@d.example>",
      "<a.example:c@d.example>",
      "postmaster",
      "<a(comment)@b.example>",
      "<a@b.example\t>",
      "\t<a@b.example>",
  };
  for (const char* text : cases) {
    std::string_view rest = text;
    const auto path = take_path(rest, Utf8::Refused);
    ASSERT_FALSE(path) << text << " gave " << *path;
    EXPECT_EQ(path.error(), PathProblem::Malformed) << text;
  }
}

TEST(TakePath, HoldsThePathTo256Bytes) {
  const std::string domain(63, 'd');
  const std::string tail = "@" + domain + "." + domain + ".example";
  const std::string longest = std::string(254 - tail.size(), 'a') + tail;
  EXPECT_EQ(parse_mailbox(longest, Utf8::Refused), longest);
  EXPECT_EQ(parse_mailbox("a" + longest, Utf8::Refused), tl::unexpected(PathProblem::TooLong));
  EXPECT_TRUE(parse_mailbox(std::string(200, 'v') + "@b.example", Utf8::Refused))
      << "a return path with an address in it";
}

TEST(TakePath, HoldsLabelsTo63Bytes) {
  EXPECT_TRUE(parse_mailbox("a@" + std::string(63, 'l') + ".example", Utf8::Refused));
  EXPECT_FALSE(parse_mailbox("a@" + std::string(64, 'l') + ".example", Utf8::Refused));
}

TEST(TakePath, TakesUtf8OnlyWhenAllowed) {
  const char* const good[] = {"<jürgen@bücher.example>", "<用户@例え.example>", "<\"ü ü\"@b.example>",
                              "<a@bücher.example>"};
  for (const char* text : good) {
    std::string_view rest = text;
    EXPECT_TRUE(take_path(rest, Utf8::Allowed)) << text;
    rest = text;
    EXPECT_EQ(take_path(rest, Utf8::Refused), tl::unexpected(PathProblem::NeedsUtf8)) << text;
  }
  const char* const bad[] = {"<\xff@b.example>",
                             "<a@\xc3.example>",
                             "<\xc0\xaf@b.example>",
                             "<\xed\xa0\x80@b.example>",
                             "<\xf4\x90\x80\x80@b.example>",
                             "<\xc2\x85@b.example>"};
  for (const char* text : bad) {
    std::string_view rest = text;
    EXPECT_EQ(take_path(rest, Utf8::Allowed), tl::unexpected(PathProblem::Malformed)) << text;
  }
}

TEST(IsClientName, TakesOneHarmlessWord) {
  for (const char* name :
       {"mx.example", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]", "under_score", "x", "john's-mac"}) {
    EXPECT_TRUE(is_client_name(name)) << name;
  }
  for (const char* name : {"", "two words", "a<b", "a)b", "a@b", "a\"b", "a;b", "bücher", "a\x01"}) {
    EXPECT_FALSE(is_client_name(name)) << name;
  }
  EXPECT_TRUE(is_client_name(std::string(255, 'a')));
  EXPECT_FALSE(is_client_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace penstock::smtp
