// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::ingest {
namespace {

using ::testing::HasSubstr;

PickupMessage read(const std::string& contents) {
  auto got = parse_pickup_file(contents, 10);
  EXPECT_TRUE(got) << (got ? "" : got.error());
  return got ? *got : PickupMessage{};
}
std::string problem(const std::string& contents) {
  const auto got = parse_pickup_file(contents, 3);
  EXPECT_FALSE(got) << contents;
  return got ? "" : got.error();
}

TEST(PickupFile, SenderAndReceiversAreTakenOut) {
  const PickupMessage got = read(
      "X-Sender: <bounces@News.Example>\r\nX-Receiver: <A@ONE.example>\r\nFrom: x@y.example\r\n"
      "x-receiver: b@two.example, <c@two.example>\r\nSubject: hi\r\n\r\nX-Receiver: in the body\r\n");
  EXPECT_EQ(got.envelope.sender, "bounces@news.example");
  ASSERT_EQ(got.envelope.recipients.size(), 3U);
  EXPECT_EQ(got.envelope.recipients[0].address, "A@one.example");
  EXPECT_EQ(got.envelope.recipients[1].address, "b@two.example");
  EXPECT_EQ(got.envelope.recipients[2].address, "c@two.example");
  EXPECT_EQ(got.message, "From: x@y.example\r\nSubject: hi\r\n\r\nX-Receiver: in the body\r\n");
  EXPECT_EQ(got.envelope.body_kind, model::BodyKind::SevenBit);
}

TEST(PickupFile, BareLfBecomesCrlf) {
  const PickupMessage got = read("X-Sender: <>\nX-Receiver: a@one.example\nSubject: hi\n\n.dot\nlast");
  EXPECT_EQ(got.envelope.sender, "");
  EXPECT_EQ(got.message, "Subject: hi\r\n\r\n.dot\r\nlast\r\n");
}

TEST(PickupFile, EightBitBodyIsMarked) {
  EXPECT_EQ(read("X-Sender: <>\nX-Receiver: a@one.example\n\nGr\xc3\xbc\xc3\x9f"
                 "e\n")
                .envelope.body_kind,
            model::BodyKind::EightBitMime);
}

TEST(PickupFile, FoldedReceiversAreRead) {
  EXPECT_EQ(read("X-Sender: <>\nX-Receiver: a@one.example,\n b@one.example\n\nx\n").envelope.recipients.size(), 2U);
}

TEST(PickupFile, BadFilesSayWhatIsWrong) {
  const struct {
    std::string contents;
    const char* words;
  } cases[] = {
      {"", "no X-Sender"},
      {"X-Receiver: a@one.example\n\nx\n", "no X-Sender"},
      {"X-Sender: <>\n\nx\n", "no X-Receiver"},
      {"X-Sender: <>\nX-Receiver: \n\nx\n", "X-Receiver"},
      {"X-Sender: <>\nX-Sender: <>\nX-Receiver: a@one.example\n\nx\n", "more than one X-Sender"},
      {"X-Sender: nobody\nX-Receiver: a@one.example\n\nx\n", "X-Sender: \"nobody\""},
      {"X-Sender: <>\nX-Receiver: a@\n\nx\n", "X-Receiver: \"a@\""},
      {"X-Sender: <>\nX-Receiver: a@one.example,,b@one.example\n\nx\n", "X-Receiver: \"\""},
      {"X-Sender: <>\nX-Receiver: a b@one.example\n\nx\n", "not an address"},
      {"X-Sender: <>\nX-Receiver: a@b@one.example\n\nx\n", "not an address"},
      {"X-Sender: <>\nX-Receiver: a@-one..example\n\nx\n", "not an address"},
      {"X-Sender: <>\nX-Receiver: a@x.e,b@x.e,c@x.e,d@x.e\n\nx\n", "4 recipients, 3 are allowed"},
      {"X-Sender: <>\r\nX-Receiver: a@one.example\n\nx\n", "bare CR or LF"},
      {"X-Sender: <>\r\nX-Receiver: a@one.example\r\n\r\nx\ry\r\n", "bare CR or LF"},
      {std::string("X-Sender: <>\nX-Receiver: a@one.example\n\nx\0y\n", 43), "zero byte"},
  };
  for (const auto& one : cases) EXPECT_THAT(problem(one.contents), HasSubstr(one.words)) << one.contents;
}

}  // namespace
}  // namespace penstock::ingest
