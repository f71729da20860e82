// SPDX-License-Identifier: Apache-2.0
// The API over its real socket.
#include "api/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "api/routes.h"
#include "src/api/test/running_api.h"

namespace penstock::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = boost::json;

std::string me() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : "uid " + std::to_string(::getuid());
}

std::string message_of(const ApiAnswer& answer) {
  return std::string(answer.json.at("error").at("message").as_string());
}

TEST(AdminApi, StatusTellsHowTheDaemonIs) {
  RunningApi api;
  const ApiAnswer answer = api.get("/v1/status");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.json.at("node").as_string(), "mta1");
  EXPECT_EQ(answer.json.at("queue").at("total").as_int64(), 46'592);
  EXPECT_EQ(answer.json.at("state").as_string(), "serving");
  EXPECT_EQ(answer.json.at("started").as_string(), "2026-11-22T06:30:00.000Z");
}

TEST(AdminApi, MetricsAddressServesMetricsAndHealthOnly) {
  RunningApi api;
  EXPECT_THAT(api.get_metrics("/metrics").text, HasSubstr("\npenstock_up 1\n"));
  EXPECT_EQ(api.get_metrics("/healthz").text, "ok\n");
  EXPECT_EQ(api.get_metrics("/v1/status").status, 404U);
  EXPECT_EQ(api.get("/metrics").status, 200U);
}

TEST(AdminApi, UnhealthyDaemonGives503WithTheReason) {
  RunningApi api;
  api.fake.current_health = {false, "the spool is full"};
  const ApiAnswer answer = api.get_metrics("/healthz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.text, "the spool is full\n");
}

TEST(AdminApi, ChangesNameTheUserOfTheSocket) {
  RunningApi api;
  EXPECT_EQ(api.post("/v1/hold", R"({"selection":{"domain":"Slow.Example"},"reason":"why"})").status, 200U);
  EXPECT_EQ(
      api.post("/v1/reroute", R"({"selection":{"stream":"m"},"to_vmta":"v2","dry_run":true,"force":true})").status,
      200U);
  EXPECT_EQ(api.post("/v1/bounce", R"({"selection":{"all":true}})").status, 200U);
  EXPECT_EQ(api.post("/v1/drain", R"({"step":"stop","limit":"1m"})").status, 200U);
  const std::string by = " by " + me() + " via unix";
  EXPECT_THAT(api.fake.calls(), ElementsAre(R"(hold {"domain":"slow.example"} reason=why)" + by,
                                            R"(reroute {"stream":"m"} dry_run to_vmta=v2 force)" + by,
                                            R"(bounce {"all":true})" + by, "drain stop limit=1m" + by));
}

struct BadBody {
  const char* target;
  const char* body;
  const char* says;
};

TEST(AdminApi, BadBodiesAreRefusedAndChangeNothing) {
  RunningApi api;
  const std::string long_reason = R"({"selection":{"stream":"a"},"reason":")" + std::string(1001, 'x') + "\"}";
  const BadBody cases[] = {
      {"/v1/hold", "", "nothing is selected"},
      {"/v1/hold", "{}", "nothing is selected"},
      {"/v1/hold", "[]", "not a JSON object"},
      {"/v1/hold", "{\"selection\":", "not JSON"},
      {"/v1/hold", "{\"selection\":{}} x", "not JSON"},
      {"/v1/hold", R"({"selection":[]})", "\"selection\" is []; expected an object"},
      {"/v1/hold", R"({"selection":{"domain":5}})", "\"selection.domain\" is 5; expected a string"},
      {"/v1/hold", R"({"selection":{"doman":"x"}})", "unknown parameter \"selection.doman\""},
      {"/v1/hold", R"({"selection":{"domain":"x","all":true}})", "contradict"},
      {"/v1/hold", R"({"selection":{"message":"short"}})", "expected a message id"},
      {"/v1/hold", R"({"selection":{"recipient":"nobody"}})", "an address with \"@\""},
      {"/v1/hold", R"({"selection":{"stream":"a"},"dry_run":"yes"})", "expected true or false"},
      {"/v1/hold", R"({"selection":{"stream":"a"},"dry_rum":true})", "unknown parameter \"dry_rum\""},
      {"/v1/hold", R"({"selection":{"stream":"a"},"force":true})", "unknown parameter \"force\""},
      {"/v1/hold", R"({"selection":{"stream":"a"},"to_vmta":"v1"})", "unknown parameter \"to_vmta\""},
      {"/v1/hold", R"({"selection":{"stream":"a"},"reason":"a\nb"})", "without control characters"},
      {"/v1/hold", long_reason.c_str(), "at most 1000 bytes"},
      {"/v1/reroute", R"({"selection":{"stream":"a"}})", "either \"to_vmta\" or \"to_stream\""},
      {"/v1/reroute", R"({"selection":{"stream":"a"},"to_vmta":"v","to_stream":"s"})", "either \"to_vmta\""},
      {"/v1/pause", R"({"selection":{"recipient":"a@b"}})", "cannot name a message or a recipient"},
      {"/v1/pause", R"({"selection":{"stream":"a"},"until":"2020-01-01T00:00:00Z"})", "in the past"},
      {"/v1/pause", R"({"selection":{"stream":"a"},"until":"soon"})", "expected a time"},
      {"/v1/resume", "{}", "nothing is selected"},
      {"/v1/config/check", "{}", "either \"path\" or \"text\""},
      {"/v1/drain", R"({"step":"now"})", "one of begin, end, stop"},
      {"/v1/drain", R"({"limit":"2h"})", "at most 1h"},
      {"/v1/jobs/x/cancel", "{}", "whole number"},
      {"/v1/hold?domain=x", R"({"selection":{"stream":"a"}})", "in the body, not in the query"},
  };
  for (const BadBody& bad : cases) {
    const ApiAnswer answer = api.post(bad.target, bad.body);
    EXPECT_EQ(answer.status, 400U) << bad.target << " " << bad.body;
    ASSERT_TRUE(answer.json.is_object()) << answer.text;
    EXPECT_EQ(answer.json.at("error").at("code").as_string(), "bad_request");
    EXPECT_THAT(message_of(answer), HasSubstr(bad.says));
  }
  EXPECT_THAT(api.fake.calls(), IsEmpty());
}

struct BadQuery {
  const char* target;
  unsigned status;
  const char* says;
};

TEST(AdminApi, BadQueriesAreRefused) {
  RunningApi api;
  const BadQuery cases[] = {
      {"/v1/queues?by=planet", 400, "one of domain, stream"},
      {"/v1/queues?limit=0", 400, "1 to 10000"},
      {"/v1/queues?limit=x", 400, "a whole number"},
      {"/v1/queues?limit=5&limit=6", 400, "given twice"},
      {"/v1/queues?domian=x", 400, "unknown parameter"},
      {"/v1/queues?domain=%0a", 400, "control characters"},
      {"/v1/queues?domain=%zz", 400, "not a path"},
      {"/v1/recipients?state=done", 400, "no longer queued"},
      {"/v1/messages/123", 400, "13 digits and letters"},
      {"/v1/messages/0000000000000", 400, "not all are 0"},
      {"/v1/messages/ZZZZZZZZZZZZZ", 400, "the first is 0 to F"},
      {"/v1/messages/01K8Q2R5VX3ZQ", 404, "no message"},
      {"/v1/trace", 400, "either"},
      {"/v1/trace?recipient=x", 400, "not an address"},
      {"/v1/trace?recipient=a@b&message=01K8Q2R5VX3ZP", 400, "either"},
      {"/v1/events?cursor=1&last=1", 400, "contradict"},
      {"/v1/events?wait=5m", 400, "at most 30s"},
      {"/v1/events?type=delivered,bunced", 400, "there is no event type \"bunced\""},
      {"/v1/status?x=1", 400, "unknown parameter"},
      {"/v1/jobs/99", 404, "there is no job 99"},
      {"/v1/queue", 404, "there is no /v1/queue"},
      {"/", 404, "there is no /"},
  };
  for (const BadQuery& bad : cases) {
    const ApiAnswer answer = api.get(bad.target);
    EXPECT_EQ(answer.status, bad.status) << bad.target;
    ASSERT_TRUE(answer.json.is_object()) << answer.text;
    EXPECT_THAT(message_of(answer), HasSubstr(bad.says)) << bad.target;
  }
}

TEST(AdminApi, WrongPathOrMethodGetsAHint) {
  RunningApi api;
  EXPECT_EQ(api.get("/v1/queue").json.at("error").at("hint").as_string(), "did you mean /v1/queues?");
  EXPECT_EQ(api.get("/v1/events?type=bunced").json.at("error").at("hint").as_string(), "did you mean \"bounced\"?");
  const ApiAnswer answer = api.get("/v1/hold");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(answer.json.at("error").at("hint").as_string(), "use POST");
}

TEST(AdminApi, ErrorsOfOperationsKeepTheirCode) {
  RunningApi api;
  const ApiAnswer missing = api.post("/v1/pause", R"({"selection":{"stream":"nosuch"}})");
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(message_of(missing), "there is no stream \"nosuch\"");
  api.post("/v1/hold", R"({"selection":{"stream":"a"}})");
  EXPECT_EQ(api.post("/v1/jobs/1/cancel", "").status, 409U);
}

TEST(AdminApi, ForeignErrorsAndExceptionsAreInternal) {
  RunningApi api;
  api.fake.status_fails = true;
  const ApiAnswer failed = api.get("/v1/status");
  EXPECT_EQ(failed.status, 500U);
  EXPECT_THAT(message_of(failed), HasSubstr("reading the state"));
  api.fake.status_fails = false;
  api.fake.status_throws = true;
  EXPECT_EQ(api.get("/v1/status").json.at("error").at("code").as_string(), "internal");
  api.fake.status_throws = false;
  EXPECT_EQ(api.get("/v1/status").status, 200U);
}

TEST(AdminApi, LargeJobRunsOnAndTellsItsProgress) {
  RunningApi api;
  const ApiAnswer begun = api.post("/v1/retry", R"({"selection":{"domain":"big.example"}})");
  EXPECT_EQ(begun.status, 202U);
  EXPECT_EQ(begun.json.at("state").as_string(), "running");
  EXPECT_EQ(api.get("/v1/jobs/1").json.at("visited").as_int64(), 10'000);
  EXPECT_EQ(api.post("/v1/jobs/1/cancel", "").json.at("state").as_string(), "cancelled");
}

TEST(AdminApi, EventsBeginAtTheEndOrWithTheLast) {
  RunningApi api;
  for (int i = 0; i < 5; ++i) api.fake.add_event("{\"seq\":" + std::to_string(i) + "}\n");
  EXPECT_EQ(api.get("/v1/events").text, "{\"events\":[],\"cursor\":5,\"more\":false}\n");
  EXPECT_EQ(api.get("/v1/events?last=2").text, "{\"events\":[{\"seq\":3},{\"seq\":4}],\"cursor\":5,\"more\":false}\n");
  EXPECT_EQ(api.get("/v1/events?cursor=1&max=1").text, "{\"events\":[{\"seq\":1}],\"cursor\":2,\"more\":true}\n");
}

TEST(AdminApi, EventsWaitForTheFirst) {
  RunningApi api;
  auto waiting = std::async(std::launch::async, [&api] { return api.get("/v1/events?cursor=0&wait=30s"); });
  EXPECT_EQ(api.get("/v1/status").status, 200U);  // others are served meanwhile
  api.fake.add_event(R"({"seq":0})");
  EXPECT_EQ(waiting.get().text, "{\"events\":[{\"seq\":0}],\"cursor\":1,\"more\":false}\n");
}

TEST(AdminApi, EventsWaitEndsEmptyAfterItsTime) {
  RunningApi api;
  EXPECT_EQ(api.get("/v1/events?cursor=0&wait=10ms").text, "{\"events\":[],\"cursor\":0,\"more\":false}\n");
}

TEST(AdminApi, StopAnswersWhoWaitsAndRemovesTheSocket) {
  RunningApi api;
  auto waiting = std::async(std::launch::async, [&api] { return api.get("/v1/events?cursor=0&wait=30s"); });
  while (api.fake.event_reads() == 0) std::this_thread::yield();
  api.server().stop();
  EXPECT_EQ(waiting.get().status, 200U);
  EXPECT_FALSE(std::filesystem::exists(api.socket()));
}

TEST(AdminApi, SocketHasItsMode) {
  const RunningApi api;
  struct stat info {};
  ASSERT_EQ(::stat(api.socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(AdminApi, AddressThatCannotBeHadIsNamed) {
  FakeOperations fake;
  AdminServer no_folder(fake, {.socket = "/nonexistent/penstock/admin.sock"});
  const auto opened = no_folder.open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().detail, HasSubstr("/nonexistent/penstock/admin.sock"));
  AdminServer too_long(fake, {.socket = "/" + std::string(120, 'x')});
  EXPECT_FALSE(too_long.open());
}

}  // namespace
}  // namespace penstock::api
