// SPDX-License-Identifier: Apache-2.0
// How well reports that others collected are read. They are not ours to keep here, so the tests skip without them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "base/ascii.h"
#include "feedback/decision.h"
#include "feedback/judged.h"
#include "model/class_policy.h"

namespace penstock::feedback {
namespace {

using report::Report;
using report::ReportKind;

const std::filesystem::path kCorpus = std::filesystem::path(PENSTOCK_SOURCE_DIR) / "../shared/corpus";

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Sample {
  std::string file;
  std::vector<std::string> recipients, statuses, reasons;
};

std::vector<Sample> samples_of(const std::string& set) {
  std::ifstream in(kCorpus / set / "manifest.tsv");
  std::vector<Sample> samples;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> columns = split(line, '\t');
    columns.resize(14);
    samples.push_back({columns[0], split(columns[1], ';'), split(columns[2], ';'), split(columns[3], ';')});
  }
  return samples;
}

struct Count {
  int right = 0;
  int known = 0;
  void add(bool is_right) {
    ++known;
    right += is_right ? 1 : 0;
  }
  [[nodiscard]] double share() const { return known == 0 ? 1.0 : static_cast<double>(right) / known; }
};

std::ostream& operator<<(std::ostream& out, const Count& count) {
  return out << count.right << " of " << count.known << " (" << 100 * count.share() << " %)";
}

std::map<std::string, std::set<std::string>> acceptable_classes() {
  std::map<std::string, std::set<std::string>> acceptable;
  std::ifstream in(kCorpus / "classes.tsv");
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> columns = split(line, '\t');
    if (columns.size() < 2) continue;
    const std::vector<std::string> classes = split(columns[1], '|');
    acceptable[columns[0]].insert(classes.begin(), classes.end());
  }
  return acceptable;
}

bool names(const Report& report, const std::string& address) {
  return std::any_of(report.recipients.begin(), report.recipients.end(), [&](const auto& recipient) {
    return ascii::equal_ignoring_case(recipient.address, address) ||
           ascii::equal_ignoring_case(recipient.original, address);
  });
}

class Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kCorpus / "dsn/manifest.tsv"))
      GTEST_SKIP() << "../shared/corpus/dsn is not here; accuracy is measured where it is";
  }
};

const std::set<std::string> kNoBounce = {"not-a-bounce", "vacation", "delivered"};

TEST_F(Corpus, BouncesAreRead) {
  const auto acceptable = acceptable_classes();
  Count recipients;
  Count statuses;
  Count classes;
  for (const Sample& sample : samples_of("dsn")) {
    const Report report = report::read_report(read_file(kCorpus / "dsn" / sample.file));
    std::set<std::string> found_statuses;
    std::vector<std::string> found_classes;
    for (const auto& recipient : report.recipients) {
      const Judged judged = judge(recipient, *classify::Classifier::shipped());
      found_statuses.insert(judged.status.to_string());
      found_classes.emplace_back(to_string(judged.outcome_class));
    }
    if (!sample.recipients.empty()) {
      recipients.add(std::all_of(sample.recipients.begin(), sample.recipients.end(),
                                 [&](const std::string& address) { return names(report, address); }));
    }
    for (const std::string& status : sample.statuses) {
      if (status.empty()) continue;
      statuses.add(found_statuses.contains(status));
      if (!found_statuses.contains(status) && std::getenv("PENSTOCK_CORPUS_MISSES") != nullptr) {
        std::cout << "status of " << sample.file << ": " << status << ", not "
                  << (found_statuses.empty() ? "found" : *found_statuses.begin()) << "\n";
      }
    }
    for (std::size_t i = 0; i < sample.reasons.size(); ++i) {
      const auto known = acceptable.find(sample.reasons[i]);
      if (known == acceptable.end() || kNoBounce.contains(sample.reasons[i])) continue;
      const bool right = std::any_of(found_classes.begin(), found_classes.end(), [&](const std::string& name) {
        return known->second.contains("*") || known->second.contains(name);
      });
      classes.add(right);
      if (!right && std::getenv("PENSTOCK_CORPUS_MISSES") != nullptr) {
        std::cout << "class of " << sample.file << ": " << sample.reasons[i] << ", not "
                  << (found_classes.empty() ? "found" : found_classes.front()) << ": "
                  << (report.recipients.empty() ? "" : report.recipients.front().diagnostic) << "\n";
      }
    }
  }
  std::cout << "recipient " << recipients << ", status " << statuses << ", class " << classes << "\n";
  EXPECT_GE(recipients.share(), 0.97);
  EXPECT_GE(statuses.share(), 0.95);
  EXPECT_GE(classes.share(), 0.90);
}

TEST_F(Corpus, ComplaintsAreRecognised) {
  Count complaints;
  for (const Sample& sample : samples_of("arf")) {
    const Report report = report::read_report(read_file(kCorpus / "arf" / sample.file));
    complaints.add(report.kind == ReportKind::Complaint);
    for (const std::string& address : sample.recipients) EXPECT_TRUE(names(report, address)) << sample.file;
  }
  EXPECT_GE(complaints.share(), 0.95);
}

// Who would be suppressed if everybody's word counted.
std::vector<std::string> suppressed_by(const Report& report) {
  Policy trusting;
  trusting.act_without_reference = true;
  std::vector<std::string> addresses;
  for (const Effect& effect : decide(report, {}, trusting, *classify::Classifier::shipped()).effects) {
    const bool by_class = model::policy_of(effect.outcome_class).suppression == model::Suppress::Suppress;
    if (effect.suppress && (report.kind == ReportKind::Complaint || by_class)) addresses.push_back(effect.address);
  }
  return addresses;
}

TEST_F(Corpus, MailThatIsNoBounceSuppressesNobody) {
  // None. A file that must be named here says why.
  const std::set<std::string> exceptions;
  const auto expect_none = [&](const std::string& set, const std::string& file) {
    const Report report = report::read_report(read_file(kCorpus / set / file));
    EXPECT_NE(report.kind, ReportKind::Complaint) << file;
    if (exceptions.contains(file)) return;
    EXPECT_NE(report.kind, ReportKind::Bounce) << file;
    EXPECT_THAT(suppressed_by(report), ::testing::IsEmpty()) << file;
  };
  for (const Sample& sample : samples_of("dsn")) {
    if (!sample.reasons.empty() && kNoBounce.contains(sample.reasons[0])) expect_none("dsn", sample.file);
  }
  for (const Sample& sample : samples_of("mime")) expect_none("mime", sample.file);
}

// The other way about: the count above could be right because nothing ever suppresses.
TEST_F(Corpus, ComplaintsWouldSuppress) {
  Count suppressing;
  for (const Sample& sample : samples_of("arf")) {
    const Report report = report::read_report(read_file(kCorpus / "arf" / sample.file));
    if (report.kind == ReportKind::Complaint && report.feedback_type == "abuse" && !report.recipients.empty()) {
      suppressing.add(!suppressed_by(report).empty());
    }
  }
  EXPECT_GT(suppressing.known, 0);
  EXPECT_EQ(suppressing.right, suppressing.known);
}

}  // namespace
}  // namespace penstock::feedback
