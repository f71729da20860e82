// SPDX-License-Identifier: Apache-2.0
#include "smtp/dot_stuffing.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace penstock::smtp {
namespace {

using Parts = std::vector<std::string_view>;

std::string join(const Parts& chunks) {
  std::string out;
  for (const auto chunk : chunks) out += chunk;
  return out;
}

std::string stuff(const Parts& parts) {
  DotStuffer stuffer(parts);
  std::string out;
  bool done = false;
  while (!done) {
    Parts chunks;
    done = stuffer.fill(chunks);
    EXPECT_LE(chunks.size(), DotStuffer::kChunksMax + 2);
    out += join(chunks);
  }
  return out;
}

// The rule of RFC 5321 §4.5.2 byte by byte.
std::string stuff_slowly(std::string_view body) {
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '.' && (i == 0 || body[i - 1] == '\n')) out += '.';
    out += body[i];
  }
  if (!body.empty() && body.back() == '\r') {
    out += '\n';
  } else if (!body.empty() && !body.ends_with("\r\n")) {
    out += "\r\n";
  }
  return out + ".\r\n";
}

TEST(DotStuffing, TableOfBodies) {
  EXPECT_EQ(stuff({}), ".\r\n");
  EXPECT_EQ(stuff({""}), ".\r\n");
  EXPECT_EQ(stuff({"a\r\n"}), "a\r\n.\r\n");
  EXPECT_EQ(stuff({"a"}), "a\r\n.\r\n");
  EXPECT_EQ(stuff({"a\r"}), "a\r\n.\r\n");
  EXPECT_EQ(stuff({"a\n"}), "a\n\r\n.\r\n");
  EXPECT_EQ(stuff({"."}), "..\r\n.\r\n");
  EXPECT_EQ(stuff({"..\r\n.\r\n"}), "...\r\n..\r\n.\r\n");
  EXPECT_EQ(stuff({"a.b\r\n.c\r\n"}), "a.b\r\n..c\r\n.\r\n");
  EXPECT_EQ(stuff({"a\n.\nb\r\n"}), "a\n..\nb\r\n.\r\n");
}

TEST(DotStuffing, LineStartAcrossPartsIsSeen) {
  EXPECT_EQ(stuff({"a\r\n", ".b\r\n"}), "a\r\n..b\r\n.\r\n");
  EXPECT_EQ(stuff({"a\r", "\n", "", ".", "b\r", "\n"}), "a\r\n..b\r\n.\r\n");
  EXPECT_EQ(stuff({"a", ".b\r\n"}), "a.b\r\n.\r\n");
  EXPECT_EQ(stuff({"x\r\n", ".\r", "\n.", "\r\n"}), "x\r\n..\r\n..\r\n.\r\n");
}

TEST(DotStuffing, BodyWithoutLeadingDotsIsNotCut) {
  const std::string header = "Subject: x\r\n\r\n";
  const std::string body(100'000, 'x');
  const Parts parts{header, body};
  Parts chunks;
  ASSERT_TRUE(DotStuffer(parts).fill(chunks));
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_EQ(chunks[1].data(), body.data());
}

TEST(DotStuffing, BodyOfDotsIsGivenOutInBoundedPieces) {
  std::string body;
  for (int n = 0; n < 5000; ++n) body += ".\r\n";
  EXPECT_EQ(stuff({body}), stuff_slowly(body));
}

TEST(DotStuffing, LargeBodyIsGivenOutInBlocks) {
  std::string body;
  while (body.size() < 3 * DotStuffer::kBytesMax) body += "0123456\r\n.";
  const Parts parts{body};
  DotStuffer stuffer(parts);
  Parts chunks;
  EXPECT_FALSE(stuffer.fill(chunks));
  EXPECT_LE(join(chunks).size(), DotStuffer::kBytesMax + 1);
  EXPECT_EQ(stuff(parts), stuff_slowly(body));
}

TEST(DotStuffing, RandomBodiesAgreeWithTheRuleHoweverTheyAreCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string body;
    const std::size_t size = random() % 70;
    while (body.size() < size) body += "..\r\n\nab"[random() % 7];
    Parts parts;
    for (std::string_view rest = body; !rest.empty();) {
      const std::size_t length = std::min<std::size_t>(rest.size(), random() % 40);
      parts.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    ASSERT_EQ(stuff(parts), stuff_slowly(body)) << testing::PrintToString(body);
  }
}

TEST(FindLeadingDot, IsFoundAtEveryPlace) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string none(size, '.');
    EXPECT_EQ(find_leading_dot(none), std::string::npos);
    for (std::size_t at = 1; at < size; ++at) {
      std::string text(size, '.');
      text[at - 1] = '\n';
      EXPECT_EQ(find_leading_dot(text), at);
    }
  }
}

}  // namespace
}  // namespace penstock::smtp
