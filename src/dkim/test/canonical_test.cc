// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "dkim/canonical_body.h"
#include "dkim/canonical_header.h"
#include "dkim/verification.h"

namespace penstock::dkim {
namespace {

using enum Canonicalization;

std::string body_of(std::string_view text, Canonicalization way, std::size_t piece = std::string::npos) {
  BodyCanonicalizer canonicalizer(way);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += std::min(piece, text.size()))
    canonicalizer.update(text.substr(i, piece), out);
  canonicalizer.finish(out);
  return out;
}

std::string field_of(std::string_view bytes, Canonicalization way) {
  std::string out;
  append_field(bytes, way, out);
  return out;
}

struct BodyCase {
  std::string_view body, simple, relaxed;
};
constexpr BodyCase kBodies[] = {
    {"", "\r\n", ""},
    {"\r\n", "\r\n", ""},
    {"\r\n\r\n\r\n", "\r\n", ""},
    {"   ", "   \r\n", ""},
    {" \t\r\n", " \t\r\n", ""},
    {"a", "a\r\n", "a\r\n"},
    {"a\r\n", "a\r\n", "a\r\n"},
    {"a\r\n\r\n\r\n", "a\r\n", "a\r\n"},
    {"\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
    {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},  // RFC 6376 §3.4.5
    {"a  b\t\r\n \t \r\n", "a  b\t\r\n \t \r\n", "a b\r\n"},
    {"a\r\n \r\nb", "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"},
    {"a \r b\r", "a \r b\r\r\n", "a \r b\r\r\n"},
    {"a\nb\n\n", "a\nb\n\n\r\n", "a\nb\n\n\r\n"},
    {"\r\r\n\n", "\r\r\n\n\r\n", "\r\r\n\n\r\n"},
    {"\ta\t", "\ta\t\r\n", " a\r\n"},
    {"\xC3\xA4  \xC3\xB6\r\n", "\xC3\xA4  \xC3\xB6\r\n", "\xC3\xA4 \xC3\xB6\r\n"},
};

TEST(CanonicalBody, FollowsTheTableWhateverThePieces) {
  for (const BodyCase& c : kBodies) {
    for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
      EXPECT_EQ(body_of(c.body, Simple, piece), c.simple) << c.body << " by " << piece;
      EXPECT_EQ(body_of(c.body, Relaxed, piece), c.relaxed) << c.body << " by " << piece;
    }
  }
}

TEST(CanonicalBody, CanonicalBodyStaysAsItIs) {
  for (const BodyCase& c : kBodies) {
    EXPECT_EQ(body_of(c.simple, Simple), c.simple);
    EXPECT_EQ(body_of(c.relaxed, Relaxed), c.relaxed);
  }
}

// Blocks of sixteen bytes and their seams: every text of these bytes around each offset, against byte by byte.
TEST(CanonicalBody, LongTextIsAsByteByByte) {
  const std::string_view pieces[] = {" ",        "  ",    "\t",    "\r\n",   "\r", "\n",
                                     "\r\n\r\n", "\r\n ", " \r\n", "\r\r\n", "a b"};
  for (std::size_t at = 0; at < 40; ++at) {
    for (const std::string_view one : pieces) {
      for (const std::string_view two : pieces) {
        const std::string text =
            std::string(at, 'x') + std::string(one) + "w" + std::string(two) + std::string(20, 'y');
        for (const std::string& body : {text, text + std::string(one), std::string(one) + text}) {
          ASSERT_EQ(body_of(body, Relaxed), body_of(body, Relaxed, 1)) << body;
          ASSERT_EQ(body_of(body, Simple), body_of(body, Simple, 1)) << body;
        }
      }
    }
  }
}

TEST(BodyHasher, LengthCountsCanonicalBytes) {
  BodyHasher hasher(Hash::Sha256, Relaxed, 5);
  hasher.update("a  b\r\n");
  hasher.update("more\r\n\r\n");
  const BodyHash hash = hasher.finish();
  EXPECT_EQ(hash.digest, digest_of(Hash::Sha256, "a b\r\n"));
  EXPECT_EQ(hash.canonical_bytes, 11U);
}

TEST(BodyHasher, LargeBodyIsHashedInPieces) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += "line  of text " + std::to_string(i) + " \r\n";
  BodyHasher whole(Hash::Sha1, Relaxed);
  whole.update(body);
  BodyHasher pieces(Hash::Sha1, Relaxed);
  for (std::size_t i = 0; i < body.size(); i += 777) pieces.update(std::string_view(body).substr(i, 777));
  const BodyHash hash = whole.finish();
  EXPECT_EQ(hash.digest, pieces.finish().digest);
  EXPECT_EQ(hash.digest, digest_of(Hash::Sha1, body_of(body, Relaxed)));
}

TEST(CanonicalField, ExamplesOfTheStandard) {  // RFC 6376 §3.4.5
  EXPECT_EQ(field_of("A: X\r\n", Relaxed), "a:X\r\n");
  EXPECT_EQ(field_of("B : Y\t\r\n\tZ  \r\n", Relaxed), "b:Y Z\r\n");
  EXPECT_EQ(field_of("B : Y\t\r\n\tZ  \r\n", Simple), "B : Y\t\r\n\tZ  \r\n");
}

TEST(CanonicalField, OddSpaceAndMissingLineEnds) {
  EXPECT_EQ(field_of("Subject:", Relaxed), "subject:\r\n");
  EXPECT_EQ(field_of("Subject:  \r\n \r\n", Relaxed), "subject:\r\n");
  EXPECT_EQ(field_of("Subject:a\r\n  \r\n b", Relaxed), "subject:a b\r\n");
  EXPECT_EQ(field_of("X-Y \t:\r\n\t a:  b \r\n", Relaxed), "x-y:a: b\r\n");
  EXPECT_EQ(field_of("Subject: a", Simple), "Subject: a\r\n");
  EXPECT_EQ(field_of("Subject: a\r b\n c\r\n", Relaxed), "subject:a\r b\n c\r\n");
}

TEST(CanonicalField, SignatureLosesWhatItSigns) {
  const auto of = [](std::string_view bytes, Canonicalization way) {
    std::string out;
    append_signature_field(bytes, way, out);
    return out;
  };
  EXPECT_EQ(of("DKIM-Signature: v=1; b=ab\r\n\tcd ; bh=b=x;\r\n", Simple), "DKIM-Signature: v=1; b=; bh=b=x;");
  EXPECT_EQ(of("DKIM-Signature: v=1; bh=x; b = ab\r\n\tcd\r\n", Simple), "DKIM-Signature: v=1; bh=x; b =");
  EXPECT_EQ(of("DKIM-Signature: v=1;\r\n\tb=\r\n\tab\r\n cd \r\n", Relaxed), "dkim-signature:v=1; b=");
  EXPECT_EQ(of("DKIM-Signature:b=ab;v=1\r\n", Relaxed), "dkim-signature:b=;v=1");
  EXPECT_EQ(of("DKIM-Signature: v=1\r\n", Relaxed), "dkim-signature:v=1");
  EXPECT_EQ(of("X", Relaxed), "x:");
}

TEST(FieldChooser, TakesFieldsFromTheBottomAndNeverTwice) {
  const SignedMessage message("A: 1\r\nB: 2\r\na: 3\r\nA : 4\r\n\r\nbody");
  FieldChooser choose(message, &message.fields()[2]);
  EXPECT_EQ(choose.next("a")->value, " 4");
  EXPECT_EQ(choose.next("b")->value, " 2");
  EXPECT_EQ(choose.next("A")->value, " 1");
  EXPECT_EQ(choose.next("a"), nullptr);
  EXPECT_EQ(choose.next("c"), nullptr);
  EXPECT_EQ(message.body(), "body");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The vectors are whole messages with the expected ones as signers of the first days saw them: every field, an empty
// line, the body.
TEST(CanonicalCorpus, VectorsOfOthers) {
  const std::filesystem::path folder =
      std::filesystem::path(PENSTOCK_SOURCE_DIR) / "../shared/corpus/dkim/canonicalization";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "../shared/corpus/dkim/canonicalization is not here; others' vectors are compared where it is";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    // 24 ends in blanks without a line end; its "relaxed" keeps one of them, against RFC 6376 §3.4.4.
    if (!name.starts_with("email.")) continue;
    const std::string message = with_crlf(read(entry.path()));
    const SignedMessage parsed(message);
    for (const auto& [way, word] : {std::pair(Simple, "simple"), std::pair(Relaxed, "relaxed")}) {
      const auto expected = folder / (std::string(word) + ".expected." + name.substr(6));
      if (!std::filesystem::exists(expected) || expected.filename() == "relaxed.expected.24") continue;
      std::string got;
      for (const mime::HeaderField& field : parsed.fields()) append_field(parsed.bytes_of(field), way, got);
      got += "\r\n" + body_of(parsed.body(), way);
      EXPECT_EQ(got, with_crlf(read(expected))) << name << " " << word;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace penstock::dkim
