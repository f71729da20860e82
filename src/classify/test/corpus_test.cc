// SPDX-License-Identifier: Apache-2.0
// Accuracy on replies that nobody here wrote. Skips where the corpus is not: ../shared/corpus from the project's root.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "classify/classifier.h"

using namespace penstock;

namespace {

const std::string kCorpus = std::string(PENSTOCK_SOURCE_DIR) + "/../shared/corpus/";

using Fields = std::vector<std::string>;

std::vector<Fields> read_table(const std::string& path) {
  std::ifstream in(path);
  std::vector<Fields> rows;
  std::string line;
  std::getline(in, line);  // the head
  while (std::getline(in, line)) {
    Fields fields(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    rows.push_back(std::move(fields));
  }
  return rows;
}

std::set<std::string> split(const std::string& text, std::string_view separators) {
  std::set<std::string> parts;
  std::string part;
  for (const char c : text + std::string(1, separators[0])) {
    if (separators.find(c) == std::string_view::npos) {
      part += c;
    } else {
      if (!part.empty()) parts.insert(part);
      part.clear();
    }
  }
  return parts;
}

// Classes that are right for the source's word; "temp:a:b" and "a|b" are any of their words. "*" and words that the
// table does not have: any class is right.
class Acceptable {
 public:
  Acceptable() {
    for (const Fields& row : read_table(kCorpus + "classes.tsv")) {
      if (row.size() == 2) classes_[row[0]] = split(row[1], "|");
    }
  }
  [[nodiscard]] bool contains(const std::string& words, std::string_view outcome_class) const {
    bool known = false;
    for (const std::string& word : split(words, "|:")) {
      const auto at = classes_.find(word);
      if (at == classes_.end()) continue;
      known = true;
      if (at->second.contains("*") || at->second.contains(std::string(outcome_class))) return true;
    }
    return !known;
  }

 private:
  std::map<std::string, std::set<std::string>> classes_;
};

struct Score {
  std::size_t right = 0, all = 0;
  std::string misses;
  [[nodiscard]] double percent() const { return 100.0 * static_cast<double>(right) / static_cast<double>(all); }
};

Score score(const std::vector<Fields>& rows, std::size_t provider, std::size_t reply, std::size_t word) {
  constexpr std::size_t kNone = ~std::size_t{0};
  const Acceptable acceptable;
  const auto classifier = classify::Classifier::shipped();
  Score score;
  for (const Fields& row : rows) {
    if (row.size() <= std::max(reply, word)) continue;
    const auto verdict = classifier->classify_text(row[reply], provider == kNone ? "" : row[provider]);
    const std::string_view got = to_string(verdict.outcome_class);
    ++score.all;
    if (acceptable.contains(row[word], got)) {
      ++score.right;
    } else {
      score.misses += fmt::format("{} is {} by {}: {}\n", row[word], got, verdict.rule, row[reply]);
    }
  }
  return score;
}

}  // namespace

TEST(Corpus, RepliesOfProvidersAreClassified) {
  const auto rows = read_table(kCorpus + "replies/provider_replies.tsv");
  if (rows.empty()) GTEST_SKIP() << "../shared/corpus/replies is not here; accuracy is measured where it is";
  const Score got = score(rows, 0, 3, 4);
  RecordProperty("percent", fmt::format("{:.1f}", got.percent()));
  EXPECT_GE(got.percent(), 95) << got.misses;
}

TEST(Corpus, RepliesOfNobodyInParticularAreClassified) {
  const auto rows = read_table(kCorpus + "replies/replies.tsv");
  if (rows.empty()) GTEST_SKIP() << "../shared/corpus/replies is not here; accuracy is measured where it is";
  const Score got = score(rows, ~std::size_t{0}, 0, 1);
  RecordProperty("percent", fmt::format("{:.1f}", got.percent()));
  EXPECT_GE(got.percent(), 90) << got.misses;
}
