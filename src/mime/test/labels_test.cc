// SPDX-License-Identifier: Apache-2.0
#include "mime/labels.h"

#include <gtest/gtest.h>

#include "mime/edit.h"

namespace penstock::mime {
namespace {

const LabelRules& default_rules() {
  static const LabelRules rules{LabelNames{}};
  return rules;
}
Examination look_at(std::string_view message) {
  return examine(message, default_rules());
}

TEST(Examine, LabelsAreReadAndTheirFieldsListed) {
  const std::string message =
      "From: a@b.example\r\nX-Penstock-Stream: news\r\nX-PENSTOCK-tenant:\r\n  acme \r\nSubject: hi\r\n"
      "X-Job: summer\r\nX-Penstock-List: weekly\r\nX-Virtual-MTA: v7\r\nX-Penstock-First-Attempt: "
      "2026-02-03T04:05:06Z\r\n\r\nX-Job: body\r\n";
  const auto found = look_at(message);
  EXPECT_EQ(found.labels,
            (model::Labels{.stream = "news", .tenant = "acme", .campaign = "summer", .list = "weekly", .vmta = "v7"}));
  EXPECT_EQ(found.first_attempt, Time{std::chrono::seconds{1770091506}});
  EXPECT_EQ(found.remove.size(), 6U);
  EXPECT_TRUE(found.problems.empty());
  EXPECT_EQ(apply_edit(message, found.facts, {.received = {}, .added = {}, .remove = found.remove}),
            "From: a@b.example\r\nSubject: hi\r\n\r\nX-Job: body\r\n");
}

TEST(Examine, FirstListedNameWinsAndAllAreRemoved) {
  const auto found = look_at("X-Job: pmta\r\nX-Penstock-Campaign: ours\r\nX-Penstock-Campaign: later\r\n\r\n");
  EXPECT_EQ(found.labels.campaign, "ours");
  EXPECT_EQ(found.remove.size(), 3U);
  EXPECT_EQ(look_at("X-Penstock-Campaign: ours\r\nX-Job: pmta\r\n\r\n").labels.campaign, "ours");
  EXPECT_EQ(look_at("X-Penstock-Campaign:  \r\nX-Job: pmta\r\n\r\n").labels.campaign, "pmta");
}

TEST(Examine, BadValuesAreLeftOutNamedAndRemoved) {
  const struct {
    std::string field;
    LabelProblem problem;
  } table[] = {
      {"X-Penstock-Stream: " + std::string(201, 's'), {Label::Stream, LabelFault::TooLong}},
      {"X-Penstock-Tenant: a\x01z", {Label::Tenant, LabelFault::ControlCharacter}},
      {"X-Penstock-Tenant: a\nz", {Label::Tenant, LabelFault::ControlCharacter}},
      {"X-Penstock-Tenant: a\x7Fz", {Label::Tenant, LabelFault::ControlCharacter}},
      {"X-Penstock-Tenant: a\r\n\tz", {Label::Tenant, LabelFault::ControlCharacter}},
      {"X-Job: a\xFFz", {Label::Campaign, LabelFault::NotUtf8}},
      {"X-Job: a\xED\xA0\x80z", {Label::Campaign, LabelFault::NotUtf8}},
      {"X-Penstock-First-Attempt: tomorrow", {Label::FirstAttempt, LabelFault::NotADate}},
  };
  for (const auto& row : table) {
    const auto found = look_at(row.field + "\r\n\r\n");
    EXPECT_EQ(found.labels, model::Labels{}) << row.field;
    EXPECT_EQ(found.first_attempt, Time{});
    EXPECT_EQ(found.problems, std::vector<LabelProblem>{row.problem}) << row.field;
    EXPECT_EQ(found.remove.size(), 1U);
    EXPECT_FALSE(to_string(row.problem.fault).empty());
  }
}

TEST(Examine, AValueOfTheGreatestLengthAndUtf8AreFine) {
  EXPECT_EQ(look_at("X-Job: " + std::string(200, 's') + "\r\n\r\n").labels.campaign.size(), 200U);
  EXPECT_EQ(look_at("X-Job: \xE6\x97\xA5\xE6\x9C\xAC\r\n\r\n").labels.campaign, "\xE6\x97\xA5\xE6\x9C\xAC");
}

TEST(Examine, ASecondValueServesWhenTheFirstIsBad) {
  const auto found = look_at("X-Penstock-Campaign: a\x01z\r\nX-Job: good\r\n\r\n");
  EXPECT_EQ(found.labels.campaign, "good");
  EXPECT_EQ(found.problems.size(), 1U);
}

TEST(Examine, ConfiguredNamesReplaceTheDefaults) {
  LabelNames names;
  names.campaign = {"X-Campaign-Type"};
  names.vmta.clear();
  const LabelRules rules(names);
  const auto found = examine("X-Job: a\r\nx-campaign-type: b\r\nX-Virtual-MTA: v\r\n\r\n", rules);
  EXPECT_EQ(found.labels.campaign, "b");
  EXPECT_EQ(found.labels.vmta, "");
  EXPECT_EQ(found.remove.size(), 1U);
  EXPECT_EQ(rules.find("X-Job"), nullptr);
}

TEST(Examine, FactsCountWhatShouldBeThereOnce) {
  const auto facts = look_at(
                         "Received: 1\r\nreceived: 2\r\nReceived: 3\r\nDate: d\r\nFrom: f\r\nfrom: g\r\nSender: s\r\n"
                         "Reply-To: r\r\nTo: t\r\nCc: c\r\nBcc: b\r\nMessage-ID: <m>\r\nIn-Reply-To: i\r\n"
                         "References: r\r\nSubject: s\r\nbad line\r\nX-Other: o\r\n\r\nDate: no\r\n")
                         .facts;
  EXPECT_EQ(facts.fields, 16U);
  EXPECT_EQ(facts.malformed, 1U);
  EXPECT_EQ(facts.received, 3U);
  EXPECT_EQ(facts.date, 1U);
  EXPECT_EQ(facts.from, 2U);
  EXPECT_EQ(facts.message_id, 1U);
  EXPECT_EQ(facts.sender + facts.reply_to + facts.to + facts.cc + facts.bcc, 5U);
  EXPECT_EQ(facts.in_reply_to + facts.references + facts.subject, 3U);
  EXPECT_EQ(facts.repeated(), "from");
  EXPECT_EQ(look_at("Received: 1\r\nReceived: 2\r\n\r\n").facts.repeated(), "");
  EXPECT_EQ(look_at("body only\r\n").facts.from, 0U);
}

TEST(Examine, HeaderOverTheLimitIsSaid) {
  std::string message;
  for (int i = 0; i < 30; ++i) message += "A: 1\r\n";
  EXPECT_TRUE(examine(message, default_rules(), {.fields_max = 20}).facts.over_limit);
}

TEST(Label, NamesAreThoseOfTheConfiguration) {
  EXPECT_EQ(to_string(Label::Stream), "stream");
  EXPECT_EQ(to_string(Label::Tenant), "tenant");
  EXPECT_EQ(to_string(Label::Campaign), "campaign");
  EXPECT_EQ(to_string(Label::List), "list");
  EXPECT_EQ(to_string(Label::Vmta), "vmta");
  EXPECT_EQ(to_string(Label::FirstAttempt), "first_attempt");
}

}  // namespace
}  // namespace penstock::mime
