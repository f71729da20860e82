// SPDX-License-Identifier: Apache-2.0
// api/openapi.yaml against the code.
#include "src/api/test/openapi_reader.h"

#include <gtest/gtest.h>

#include "api/json.h"
#include "api/routes.h"
#include "api/suppression_operations.h"
#include "src/api/test/running_api.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

const OpenApi& openapi() {
  static const OpenApi api = read_openapi(PENSTOCK_SOURCE_DIR "/api/openapi.yaml");
  return api;
}

TEST(OpenApi, PathsAreThoseOfTheRouteTable) {
  std::set<std::string> coded;
  for (const Route& route : routes())
    coded.insert(std::string(to_string(route.method)) + " " + std::string(route.path));
  EXPECT_EQ(coded, openapi().routes);
}

template <class E>
void expect_words(const std::string& schema) {
  EXPECT_EQ(join_words(Words<E>::kAll), openapi().words.at(schema)) << schema;
}

TEST(OpenApi, WordsAreThoseOfTheCode) {
  expect_words<DaemonState>("DaemonState");
  expect_words<PathState>("PathState");
  expect_words<QueueGroup>("QueueGroup");
  expect_words<RecipientState>("RecipientState");
  expect_words<Act>("Act");
  expect_words<JobState>("JobState");
  expect_words<DrainStep>("DrainStep");
  expect_words<WarmupState>("WarmupState");
}

void expect_members(const json::value& value, const std::string& schema) {
  ASSERT_TRUE(value.is_object()) << schema;
  ASSERT_TRUE(openapi().members.contains(schema)) << schema;
  const std::set<std::string>& known = openapi().members.at(schema);
  for (const auto& member : value.as_object()) {
    EXPECT_TRUE(known.contains(std::string(member.key()))) << schema << " has no " << member.key();
  }
}

TEST(OpenApi, MembersOfAnswersAreDescribed) {
  RunningApi api;
  api.fake.add_event(R"({"seq":1})");
  const std::string selection = R"({"selection":{"domain":"a.example"}})";
  const json::value status = api.get("/v1/status").json;
  expect_members(status, "Status");
  expect_members(status.at("queue"), "QueueCounts");
  expect_members(status.at("rates"), "Flow");
  expect_members(status.at("troubles").at(0), "Trouble");
  expect_members(api.get("/v1/paths").json, "PathList");
  expect_members(api.get("/v1/paths").json.at("paths").at(1), "PathRow");
  const json::value explained = api.get("/v1/paths/explain?vmta=v1&domain=gmail.com").json;
  expect_members(explained, "PathExplanation");
  expect_members(explained.at("values").at(0), "PathValue");
  expect_members(explained.at("scopes").at(0), "PathScope");
  expect_members(api.get("/v1/warmups").json, "WarmupList");
  expect_members(api.get("/v1/warmups").json.at("warmups").at(0), "Warmup");
  expect_members(api.post("/v1/warmups/pause", R"({"vmta":"v3","provider":"gmail"})").json, "Warmup");
  expect_members(api.get("/v1/queues").json, "QueueList");
  expect_members(api.get("/v1/queues").json.at("queues").at(1), "QueueRow");
  expect_members(api.get("/v1/queues/age").json, "AgeList");
  expect_members(api.get("/v1/queues/age").json.at("queues").at(0), "AgeRow");
  expect_members(api.get("/v1/recipients").json, "RecipientList");
  expect_members(api.get("/v1/recipients").json.at("recipients").at(0), "RecipientRow");
  expect_members(api.get("/v1/messages/01K8Q2R5VX3ZP").json, "Message");
  expect_members(api.get("/v1/events?last=1").json, "EventList");
  expect_members(api.post("/v1/pause", selection).json, "Pause");
  expect_members(api.get("/v1/pauses").json, "PauseList");
  const std::string dry_run = R"({"selection":{"stream":"news"},"dry_run":true})";
  expect_members(api.post("/v1/pause", dry_run).json, "PauseDryRun");
  expect_members(api.post("/v1/resume", R"({"selection":{"all":true},"dry_run":true})").json, "ResumeDryRun");
  expect_members(api.post("/v1/resume", selection).json, "Resumed");
  expect_members(api.post("/v1/hold", selection).json, "Job");
  expect_members(api.get("/v1/jobs").json, "JobList");
  expect_members(api.post("/v1/reload", "").json, "ReloadReport");
  expect_members(api.post("/v1/feedback/rotate-keys", "").json, "KeyRotation");
  expect_members(api.get("/v1/config").json, "SettingList");
  expect_members(api.get("/v1/config").json.at("settings").at(0), "SettingRow");
  const json::value check = api.post("/v1/config/check", R"({"text":"conections = 1"})").json;
  expect_members(check, "ConfigCheck");
  expect_members(check.at("problems").at(0), "ConfigProblem");
  expect_members(api.post("/v1/drain", "").json, "Drain");
  expect_members(api.get("/nothing").json, "Error");
}

TEST(OpenApi, MembersOfSuppressionAnswersAreDescribed) {
  RunningApi api;
  const std::string one = R"({"addresses":["gone@a.example"]})";
  const json::value list = api.get("/v1/suppressions").json;
  expect_members(list, "SuppressionList");
  expect_members(list.at("suppressions").at(0), "Suppression");
  expect_members(api.get("/v1/suppressions/changes").json, "SuppressionList");
  expect_members(api.get("/v1/suppressions/gone@a.example").json, "SuppressionList");
  expect_members(api.post("/v1/suppressions/add", one).json, "SuppressionsAdded");
  expect_members(api.post("/v1/suppressions/remove", one).json, "SuppressionsRemoved");
  expect_members(api.post("/v1/suppressions/review", one).json, "SuppressionsReviewed");
  const json::value checked = api.post("/v1/suppressions/check", one).json;
  expect_members(checked, "SuppressionsChecked");
  expect_members(checked.at("suppressed").at(0), "SuppressionHit");
  const json::value import = api.post("/v1/suppressions/import", R"({"text":"gone@a.example"})").json;
  expect_members(import, "SuppressionImport");
  expect_members(import.at("bad_lines").at(0), "SuppressionBadLine");
}

TEST(OpenApi, MembersOfUserAnswersAreDescribed) {
  RunningApi api;
  const json::value list = api.get("/v1/users").json;
  expect_members(list, "UserList");
  expect_members(list.at("users").at(0), "User");
  expect_members(api.get("/v1/users/shop").json, "User");
  expect_members(api.post("/v1/users/remove", R"({"name":"shop"})").json, "UserRemoved");
}

TEST(OpenApi, CausesOfSuppressionsAreThoseOfTheCode) {
  const std::string words = openapi().words.at("SuppressionCause");
  std::string coded;
  for (int i = 1; i <= static_cast<int>(suppression::Cause::Bounce); ++i) {
    coded += (i > 1 ? ", " : "") + std::string(to_string(static_cast<suppression::Cause>(i)));
  }
  EXPECT_EQ(words, coded);
}

TEST(OpenApi, SelectionIsDescribedWhole) {
  Selection selection{"s", "t", "c", "d", "p", "v", "q", FakeOperations::known_message(), "r@x", true};
  const json::object object = to_json(selection);
  EXPECT_EQ(object.size(), openapi().members.at("Selection").size());
  expect_members(object, "Selection");
}

}  // namespace
}  // namespace penstock::api
