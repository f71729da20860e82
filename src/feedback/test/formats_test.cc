// SPDX-License-Identifier: Apache-2.0
// Notices, complaints and automatic answers in the formats and languages of many systems, written for this test:
// data/formats/NAME.eml, and beside them expected.tsv with name, kind, address, status and class ("a|b": either). An
// empty field is not looked at, but what is no bounce and no complaint names nobody.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "feedback/judged.h"
#include "report/reading.h"

namespace penstock::feedback {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(PENSTOCK_SOURCE_DIR) / "src/feedback/test/data/formats";

struct Expected {
  std::string name, kind, address, status, classes;
};

std::vector<Expected> expected() {
  std::vector<Expected> all;
  std::ifstream in(kFolder / "expected.tsv");
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    Expected one;
    for (std::string* field : {&one.name, &one.kind, &one.address, &one.status, &one.classes}) {
      std::getline(fields, *field, '\t');
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::string content_of(const std::string& name) {
  std::ifstream in(kFolder / (name + ".eml"), std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The wire has CRLF.
std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

bool is_one_of(std::string_view name, const std::string& names) {
  return ("|" + names + "|").find("|" + std::string(name) + "|") != std::string::npos;
}

void check(const Expected& wanted, const std::string& message) {
  SCOPED_TRACE(wanted.name);
  const report::Report report = report::read_report(message);
  EXPECT_EQ(report::to_string(report.kind), wanted.kind);
  const bool names_nobody = wanted.kind == "none" || wanted.kind == "auto-reply" || wanted.kind == "challenge";
  if (names_nobody && report.kind != report::ReportKind::None) {
    EXPECT_TRUE(report.recipients.empty());
  }
  if (wanted.address.empty()) return;
  const auto named = std::find_if(report.recipients.begin(), report.recipients.end(), [&](const auto& recipient) {
    return recipient.address == wanted.address || recipient.original == wanted.address;
  });
  if (named == report.recipients.end()) {
    ADD_FAILURE() << "nobody, or " << (report.recipients.empty() ? "nobody" : report.recipients[0].address);
    return;
  }
  const Judged judged = judge(*named, *classify::Classifier::shipped());
  if (!wanted.status.empty()) {
    EXPECT_EQ(judged.status.to_string(), wanted.status);
  }
  if (wanted.classes.empty()) return;
  EXPECT_TRUE(is_one_of(to_string(judged.outcome_class), wanted.classes))
      << to_string(judged.outcome_class) << " by " << judged.rule << ": " << named->diagnostic;
}

TEST(Formats, AreReadAsWhatTheyAre) {
  const std::vector<Expected> all = expected();
  ASSERT_GT(all.size(), 100U);
  for (const Expected& one : all) {
    const std::string message = content_of(one.name);
    check(one, message);
    check(one, with_crlf(message));
  }
}

TEST(Formats, EachFileIsExpectedSomewhere) {
  std::set<std::string> names;
  for (const Expected& one : expected()) names.insert(one.name + ".eml");
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    if (file.path().extension() != ".eml") continue;
    EXPECT_TRUE(names.contains(file.path().filename())) << file.path();
  }
}

}  // namespace
}  // namespace penstock::feedback
