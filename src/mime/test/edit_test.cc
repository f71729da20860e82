// SPDX-License-Identifier: Apache-2.0
#include "mime/edit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/rng.h"

namespace penstock::mime {
namespace {

const LabelRules& default_rules() {
  static const LabelRules rules{LabelNames{}};
  return rules;
}

// What admission does with a message, and what must hold of any message afterwards.
std::string edit_and_check(const std::string& message) {
  const auto before = examine(message, default_rules());
  if (before.facts.over_limit) return {};
  const std::string edited =
      apply_edit(message, before.facts,
                 {.received = "Received: by x; now\r\n", .added = "Date: now\r\n", .remove = before.remove});
  const auto after = examine(edited, default_rules());
  EXPECT_EQ(after.labels, model::Labels{});
  EXPECT_TRUE(after.remove.empty());
  EXPECT_EQ(after.facts.received, before.facts.received + 1);
  EXPECT_EQ(after.facts.date, before.facts.date + 1);
  EXPECT_EQ(std::string_view(edited).substr(after.facts.body_offset),
            std::string_view(message).substr(before.facts.body_offset));
  return edited;
}

TEST(EditHeader, AppendsToWhatIsThere) {
  const std::string message = "Subject: s\r\n\r\nbody\r\n";
  std::string out = "before ";
  append_edited(message, examine(message, default_rules()).facts, {.received = {}, .added = "X: y\r\n", .remove = {}},
                out);
  EXPECT_EQ(out, "before X: y\r\n" + message);
}

TEST(ApplyEdit, FieldsGoBeforeTheRestInOrder) {
  const std::string message = "X-Job: j\r\nFrom: a\r\n\r\nbody\r\n";
  EXPECT_EQ(edit_and_check(message), "Received: by x; now\r\nDate: now\r\nFrom: a\r\n\r\nbody\r\n");
}

TEST(ApplyEdit, NothingToDoGivesACopy) {
  for (const std::string message : {"", "From: a\r\n\r\nb", "no header", "\r\nb"}) {
    EXPECT_EQ(apply_edit(message, examine(message, default_rules()).facts, {}), message);
  }
}

TEST(ApplyEdit, MessageWithoutHeaderGetsAnEmptyLine) {
  EXPECT_EQ(edit_and_check("Hello\r\nX-Job: j\r\n"), "Received: by x; now\r\nDate: now\r\n\r\nHello\r\nX-Job: j\r\n");
  EXPECT_EQ(edit_and_check("\r\nHello"), "Received: by x; now\r\nDate: now\r\n\r\nHello");
  EXPECT_EQ(edit_and_check(""), "Received: by x; now\r\nDate: now\r\n");
  EXPECT_EQ(edit_and_check("X-Job: j"), "Received: by x; now\r\nDate: now\r\n");
}

TEST(ApplyEdit, LineOfAMailboxFileGoes) {
  EXPECT_EQ(edit_and_check("From x Mon Jan 1\r\nTo: t\r\n\r\n"), "Received: by x; now\r\nDate: now\r\nTo: t\r\n\r\n");
}

TEST(ApplyEditDeathTest, RangesOutOfOrderAreABug) {
  const std::string message = "A: 1\r\nB: 2\r\n\r\n";
  const auto facts = examine(message, default_rules()).facts;
  const ByteRange backwards[] = {{6, 12}, {0, 6}};
  const ByteRange outside[] = {{6, 14}};
  EXPECT_DEATH((void)apply_edit(message, facts, {.received = {}, .added = {}, .remove = backwards}), "");
  EXPECT_DEATH((void)apply_edit(message, facts, {.received = {}, .added = {}, .remove = outside}), "");
}

TEST(ApplyEdit, NoLabelSurvivesInAnyMessage) {
  constexpr std::string_view kPieces[] = {
      "X-Job: a\r\n",
      "X-Penstock-Stream: s\r\n",
      "x-virtual-mta:\r\n v\r\n",
      "From: f\r\n",
      " fold\r\n",
      "\r\n",
      "junk\r\n",
      "From x y\r\n",
      "\n",
      "\r",
      "X-Job",
      ": ",
  };
  Rng rng(7);
  for (int round = 0; round < 20000; ++round) {
    std::string message;
    const auto count = rng.below(9);
    for (std::uint64_t i = 0; i < count; ++i) message += kPieces[rng.below(std::size(kPieces))];
    edit_and_check(message);
    if (HasFailure()) FAIL() << "message: " << testing::PrintToString(message);
  }
}

std::string with_crlf(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

TEST(ApplyEdit, HoldsForTheMessagesOfTheCorpus) {
  const std::filesystem::path corpus = std::filesystem::path(PENSTOCK_SOURCE_DIR) / "../shared/corpus/mime";
  if (!std::filesystem::exists(corpus))
    GTEST_SKIP() << "../shared/corpus/mime is not here; its messages are edited where it is";
  int seen = 0;
  int with_from = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (entry.path().extension() != ".eml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    SCOPED_TRACE(entry.path().string());
    const std::string message = with_crlf(text);
    edit_and_check(message);
    ++seen;
    with_from += examine(message, default_rules()).facts.from > 0 ? 1 : 0;
  }
  EXPECT_GT(seen, 50);
  EXPECT_GT(with_from, seen / 2);
}

}  // namespace
}  // namespace penstock::mime
