// SPDX-License-Identifier: Apache-2.0
#include "ingest/stream_matcher.h"

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/rng.h"

namespace penstock::ingest {
namespace {

TEST(FitsPattern, StarsAndQuestionMarks) {
  const struct {
    const char* text;
    const char* pattern;
    bool fits;
  } cases[] = {
      {"", "", true},
      {"", "*", true},
      {"", "?", false},
      {"a", "", false},
      {"abc", "abc", true},
      {"abc", "ABC", true},
      {"abc", "ab", false},
      {"abc", "abcd", false},
      {"abc", "a*", true},
      {"abc", "*c", true},
      {"abc", "*b*", true},
      {"abc", "a?c", true},
      {"abc", "a??c", false},
      {"abc", "***", true},
      {"aXbXc", "a*x*c", true},
      {"mississippi", "m*iss*ppi", true},
      {"mississippi", "m*issp*", false},
      {"aaaa", "a*a*a*a*a", false},
      {"news@a.example", "*@a.example", true},
      {"news@b.example", "*@a.example", false},
  };
  for (const auto& one : cases)
    EXPECT_EQ(fits_pattern(one.text, one.pattern), one.fits) << one.text << " " << one.pattern;
}

bool fits_simply(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return fits_simply(text, pattern.substr(1)) || (!text.empty() && fits_simply(text.substr(1), pattern));
  }
  return !text.empty() && (pattern[0] == '?' || ascii::to_lower(pattern[0]) == ascii::to_lower(text[0])) &&
         fits_simply(text.substr(1), pattern.substr(1));
}

TEST(FitsPattern, AgreesWithTheSimplestMatcher) {
  Rng rng(5);
  const auto word = [&](std::string_view letters, std::uint64_t longest) {
    std::string made;
    for (std::uint64_t n = rng.below(longest + 1); n > 0; --n) made += letters[rng.below(letters.size())];
    return made;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = word("abA*", 10);
    const std::string pattern = word("abB**?", 7);
    EXPECT_EQ(fits_pattern(text, pattern), fits_simply(text, pattern)) << text << " " << pattern;
  }
}

using Words = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

config::Stream stream(const std::string& name, Pairs header = {}, Words sender = {}, Words listener = {},
                      Words auth_user = {}, Pairs field = {}) {
  config::Stream made;
  made.name = name;
  made.match = {std::move(header), std::move(sender), std::move(listener), std::move(auth_user), std::move(field)};
  return made;
}

TEST(StreamMatcher, FirstThatFitsTakesItElseTheFallback) {
  const std::vector<config::Stream> streams{
      stream("by-field", {}, {}, {}, {}, {{"kind", "*"}}),
      stream("by-user", {}, {}, {}, {"shop-*"}),
      stream("by-header", {{"X-Kind", "news*"}, {"X-More", "*"}}),
      stream("by-sender", {}, {"@a.example", "exact@b.example"}),
      stream("by-listener", {}, {}, {"in2", "in3"}),
      stream("both", {}, {"*@c.example"}, {"in1"}),
      stream("plain"),
  };
  const StreamMatcher matcher(streams, "plain");
  const std::string header = "x-kind: Newsletter\r\nX-More: 1\r\n\r\nX-Kind: no\r\n";
  const std::string half = "X-Kind: newsletter\r\n\r\n";
  const struct {
    Candidate candidate;
    const char* stream;
  } cases[] = {
      {{"\r\n", "x@z.example", "in1", ""}, "plain"},
      {{"\r\n", "x@z.example", "in1", "shop-7"}, "by-user"},
      {{header, "x@z.example", "in1", ""}, "by-header"},
      {{half, "x@z.example", "in1", ""}, "plain"},
      {{"\r\n", "x@A.example", "in1", ""}, "by-sender"},
      {{"\r\n", "x@sub.a.example", "in1", ""}, "plain"},
      {{"\r\n", "exact@b.example", "in1", ""}, "by-sender"},
      {{"\r\n", "other@b.example", "in1", ""}, "plain"},
      {{"\r\n", "", "in1", ""}, "plain"},
      {{"\r\n", "", "in3", ""}, "by-listener"},
      {{"\r\n", "x@c.example", "in1", ""}, "both"},
      {{"\r\n", "x@c.example", "in9", ""}, "plain"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(matcher.find(one.candidate), one.stream) << one.candidate.sender << " " << one.candidate.listener;
  }
  EXPECT_TRUE(matcher.known("both"));
  EXPECT_FALSE(matcher.known("Both"));
}

}  // namespace
}  // namespace penstock::ingest
