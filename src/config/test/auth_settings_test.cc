// SPDX-License-Identifier: Apache-2.0
// Signing in, in either direction, and who the daemon becomes.
#include <gtest/gtest.h>

#include "config/load.h"

namespace penstock::config {
namespace {

constexpr const char* kRest = R"([[vmta]]
name = "v1"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
)";

Loaded load(const std::string& before, const std::string& stream = "") {
  return load_text(before + kRest + stream, "/p/penstock.toml");
}

std::string problems_of(const Loaded& loaded) {
  std::string all;
  for (const Problem& problem : loaded.problems) all += format_problem(problem) + "\n";
  return all;
}

constexpr const char* kListener = "[[listener]]\nname = \"in\"\nrelay_from = \"127.0.0.1\"\n";

TEST(AuthSettings, AreRead) {
  const Loaded loaded = load(std::string(R"([node]
user = "penstock"
group = "mail"
[auth]
mechanisms = ["plain"]
failures = 3
ban = "1h"
)") + kListener + "auth = \"require\"\n");
  ASSERT_TRUE(loaded.config) << problems_of(loaded);
  EXPECT_EQ(problems_of(loaded), "");
  EXPECT_EQ(loaded.config->node.user, "penstock");
  EXPECT_EQ(loaded.config->node.group, "mail");
  EXPECT_FALSE(loaded.config->node.core_dumps);
  EXPECT_EQ(loaded.config->auth.mechanisms, std::vector{AuthMechanism::Plain});
  EXPECT_EQ(loaded.config->auth.failures, 3U);
  EXPECT_EQ(loaded.config->auth.ban, std::chrono::hours{1});
  EXPECT_EQ(loaded.config->listeners[0].auth, ListenerAuth::Require);
}

TEST(AuthSettings, AListenerThatOnlySignsInTakesMail) {
  EXPECT_EQ(problems_of(load("[[listener]]\nauth = \"offer\"\n")), "");
}

TEST(AuthSettings, SigningInWithoutTlsBeyondThisMachineIsWarnedOf) {
  const std::string said = problems_of(load("[[listener]]\naddress = \"0.0.0.0:587\"\nauth = \"offer\"\n"));
  EXPECT_NE(said.find("it has no TLS"), std::string::npos) << said;
}

TEST(RelaySettings, AServiceIsReadWhole) {
  const Loaded loaded = load(
      kListener,
      R"(route = { relay = ["smtp.service.example:587"], user = "AKIA", password_file = "/etc/penstock/service.password", tls = "verify", message_rate = "14/s", connections = 10, headers = { "X-SES-CONFIGURATION-SET" = "main", "X-SES-MESSAGE-TAGS" = "campaign={campaign}" } }
)");
  ASSERT_TRUE(loaded.config) << problems_of(loaded);
  EXPECT_EQ(problems_of(loaded), "");
  const Route& route = loaded.config->streams[0].route;
  EXPECT_EQ(route.user, "AKIA");
  EXPECT_EQ(route.password_file, "/etc/penstock/service.password");
  EXPECT_EQ(route.tls, TlsLevel::Verify);
  EXPECT_EQ(route.limits.connections, 10U);
  EXPECT_EQ(route.limits.message_rate.count, 14);
  ASSERT_EQ(route.headers.size(), 2U);
  EXPECT_EQ(route.headers[1].second, "campaign={campaign}");
}

TEST(RelaySettings, MistakesAreToldInWords) {
  struct Case {
    const char* route;
    const char* words;
  };
  const Case cases[] = {
      {R"({ relay = ["a.example"], user = "x" })", "needs a password_file"},
      {R"({ relay = ["a.example"], password_file = "/x" })", "needs a password_file"},
      {R"({ relay = ["a.example"], user = "x", password_file = "/x", tls = "none" })", "must not go in clear"},
      {R"({ relay = ["a.example"], user = "x", password_file = "/x", tls = "opportunistic" })", "must not go in clear"},
      {R"({ relay = ["a.example"], headers = { "X-A" = "{campain}" } })", "the placeholder {campain}"},
      {R"({ relay = ["a.example"], headers = { "X-A" = "a{" } })", "placeholder"},
      {R"({ relay = ["a.example"], headers = { "X A" = "a" } })", "header"},
      {R"({ relay = ["a.example"], password = "secret" })", "unknown key \"password\""},
      {R"({ relay = ["a.example"], lmtp = ["b.example"] })", "must be"},
      {R"({ lmtp = ["a.example"], user = "x" })", "unknown key \"user\""},
      {R"({ relay = [] })", "names no host"},
      {R"({ user = "x" })", "must be"},
  };
  for (const Case& c : cases) {
    const std::string said = problems_of(load(kListener, std::string("route = ") + c.route + "\n"));
    EXPECT_NE(said.find(c.words), std::string::npos) << c.route << "\n" << said;
  }
}

TEST(RelaySettings, OneAccountIsSpokenToInOneWay) {
  const std::string other = R"(route = { relay = ["a.example"], user = "x", password_file = "/x" }
[[stream]]
name = "other"
pool = "main"
match = { sender = "@b.example" }
)";
  EXPECT_EQ(problems_of(
                load(kListener, other + "route = { relay = [\"a.example\"], user = \"x\", password_file = \"/x\"}\n")),
            "");
  EXPECT_EQ(problems_of(
                load(kListener, other + "route = { relay = [\"a.example\"], user = \"y\", password_file = \"/y\"}\n")),
            "");
  const std::string said = problems_of(
      load(kListener, other + "route = { relay = [\"a.example\"], user = \"x\", password_file = \"/y\"}\n"));
  EXPECT_NE(said.find("the same relay"), std::string::npos) << said;
}

}  // namespace
}  // namespace penstock::config
