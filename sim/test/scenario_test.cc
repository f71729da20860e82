// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/errc.h"

using namespace penstock;
using namespace penstock::sim;
using testing::HasSubstr;

namespace {

std::string error_of(std::string_view text) {
  const auto scenario = parse_scenario(text, "x.toml");
  if (scenario) return "no error";
  EXPECT_EQ(scenario.error().code, Errc::BadScenario);
  return scenario.error().detail;
}

constexpr std::string_view kReceiver = "[[receiver]]\nname = \"r\"\naddresses = [\"127.1.0.1\"]\n";

}  // namespace

TEST(Scenario, ShippedOnesAreGood) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PENSTOCK_SOURCE_DIR "/sim/scenarios")) {
    const auto scenario = load_scenario(entry.path());
    EXPECT_TRUE(scenario) << scenario.error().detail;
    ++count;
  }
  EXPECT_GE(count, 2);
}

TEST(Scenario, DefaultsTakeEverything) {
  const auto scenario = parse_scenario(kReceiver, "x.toml");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  const ReceiverSpec& receiver = scenario->receivers.at(0);
  EXPECT_EQ(receiver.port, 2599);
  EXPECT_EQ(receiver.host, "r.mx.test");
  EXPECT_TRUE(receiver.behaviour.offers(Extension::Chunking));
  EXPECT_TRUE(receiver.behaviour.reactions.empty());
  EXPECT_FALSE(scenario->dns);
}

TEST(Scenario, ReceiversOwnKeysGoBeforeItsNamedBehaviour) {
  const auto scenario = parse_scenario(R"(
[behaviour.strict]
extensions = ["SIZE"]
size_limit = "1 MiB"
latency = { rcpt = "5ms" }
[[behaviour.strict.on]]
step = "rcpt"
reply = "550 5.1.1 no"
[[receiver]]
name = "r"
addresses = ["127.1.0.1"]
behaviour = "strict"
size_limit = "2 MiB"
[[receiver.on]]
step = "mail"
action = "drop"
share = 0.5
)",
                                       "x.toml");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  const Behaviour& behaviour = scenario->receivers.at(0).behaviour;
  EXPECT_EQ(behaviour.size_limit, 2U << 20);
  EXPECT_FALSE(behaviour.offers(Extension::Pipelining));
  EXPECT_EQ(behaviour.latency[*step_index(Step::Rcpt)], std::chrono::milliseconds(5));
  ASSERT_EQ(behaviour.reactions.size(), 2U);
  EXPECT_EQ(behaviour.reactions[0].step, Step::Mail);
  EXPECT_EQ(behaviour.reactions[1].reply, "550 5.1.1 no");
}

TEST(Scenario, FamiliesOfReceiversTakeOneAddressEach) {
  const auto scenario = parse_scenario(
      "[[receiver]]\nname = \"r{1..3}\"\naddresses = [\"127.1.0.{1..3}\"]\nhost = \"mx{1..3}.test\"\n", "x.toml");
  ASSERT_EQ(scenario->receivers.size(), 3U);
  EXPECT_THAT(scenario->receivers[2].addresses, testing::ElementsAre("127.1.0.3"));
  EXPECT_EQ(scenario->receivers[2].host, "mx3.test");
}

TEST(Scenario, UnknownKeyNamesLineAndNeighbour) {
  EXPECT_EQ(error_of("[[receiver]]\nname = \"r\"\naddreses = [\"127.1.0.1\"]\naddresses = [\"127.1.0.1\"]\n"),
            "x.toml:3: unknown key \"addreses\" in [[receiver]]; did you mean \"addresses\"?");
}

TEST(Scenario, MistakesAreNamedWithTheirLine) {
  const std::string receiver(kReceiver);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[sim]\nseed = \"x\"\n", "x.toml:2: seed"},
      {"[sim\n", "x.toml:1: "},
      {"[dns]\naddress = \"nowhere\"\n", "x.toml:2: address"},
      {"[[receiver]]\nname = \"r\"\n", "listens somewhere"},
      {"[[receiver]]\nname = \"r\"\naddresses = [\"localhost\"]\n", "x.toml:3: addresses"},
      {receiver + receiver, "\"r\" is declared twice"},
      {receiver + "behaviour = \"gone\"\n", "[behaviour.gone] is not declared"},
      {receiver + "extensions = [\"STARTTLS\"]\n", "\"STARTTLS\" is none of PIPELINING"},
      {receiver + "banner_delay = \"5\"\n", "x.toml:4: banner_delay"},
      {receiver + "[[receiver.on]]\nstep = \"nowhere\"\naction = \"drop\"\n", "x.toml:5: step"},
      {receiver + "[[receiver.on]]\nstep = \"rcpt\"\nreply = \"no code\"\n", "x.toml:6: reply"},
      {receiver + "[[receiver.on]]\nstep = \"rcpt\"\nshare = 1.5\naction = \"drop\"\n", "x.toml:6: share"},
      {receiver + "[[receiver.on]]\nstep = \"mail\"\nrecipient = \"a*\"\naction = \"drop\"\n", "x.toml:6: recipient"},
      {receiver + "[[receiver.on]]\nstep = \"mail\"\naction = \"accept_drop\"\n", "x.toml:6: action"},
      {receiver + "[[domain]]\nname = \"a.test\"\nreceivers = [\"q\"]\n", "[[receiver]] \"q\" is not declared"},
      {receiver + "[[domain]]\nname = \"a.test\"\nreceivers = [\"99999 r\"]\n", "preference"},
      {"[[domain]]\nname = [\"a.test\", \"A.test\"]\n", "\"a.test\" is declared twice"},
      {"[[domain]]\nname = \"a.test\"\ndns = \"maybe\"\n", "x.toml:3: dns"},
      {"[[record]]\nname = \"a.test\"\ntype = \"MX\"\nvalue = \"mx.test\"\n", "preference and a host"},
      {"[[record]]\nname = \"a.test\"\ntype = \"SRV\"\nvalue = \"x\"\n", "x.toml:3: type"},
  };
  for (const auto& [text, expected] : cases) EXPECT_THAT(error_of(text), HasSubstr(expected)) << text;
}

TEST(Scenario, AllMistakesAreToldTogether) {
  const std::string error = error_of("[sim]\nseed = -1\nporrt = 5\n");
  EXPECT_THAT(error, HasSubstr("x.toml:2: "));
  EXPECT_THAT(error, HasSubstr("x.toml:3: "));
}

TEST(Scenario, MissingFileIsNamed) {
  EXPECT_THAT(load_scenario("/nonexistent/x.toml").error().detail, HasSubstr("/nonexistent/x.toml"));
}

TEST(Scenario, PersonalitiesTimelineAndAftermathAreRead) {
  const auto scenario = parse_scenario(R"(
[personality.gmail]
kind = "gmail"
rate = "50/s"
connections = 4
[[timeline]]
at = "30s"
over = "10s"
personality = "g*"
rate = "20/s"
blocked = true
[[receiver]]
name = "r"
addresses = ["127.1.0.1"]
personality = "gmail"
[[receiver.after]]
kind = "bounce"
share = 0.5
to = "127.0.0.1:2525"
formats = ["qmail", "exchange"]
)",
                                       "x.toml");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  const PersonalitySpec& gmail = scenario->personalities.at(0);
  EXPECT_EQ(gmail.kind, PersonalityKind::Gmail);
  EXPECT_DOUBLE_EQ(gmail.limits.value(Trait::Rate, "127.0.1.1", std::chrono::seconds{35}), 35);
  EXPECT_EQ(gmail.limits.changes.size(), 2U);
  EXPECT_EQ(scenario->receivers.at(0).personality, 0U);
  EXPECT_EQ(scenario->receivers.at(0).after.at(0).formats.size(), 2U);
}

TEST(Scenario, MistakesOfProvidersAreNamed) {
  const std::string receiver(kReceiver);
  const std::string gmail = "[personality.gmail]\nkind = \"gmail\"\n";
  const std::string at = gmail + "[[timeline]]\nat = \"3s\"\npersonality = \"gmail\"\n";
  const std::string after = receiver + "[[receiver.after]]\nkind = \"complaint\"\nto = \"127.0.0.1:25\"\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[personality.a]\nkind = \"aol\"\n", "x.toml:2: kind"},
      {gmail + "rate = 50\n", "x.toml:3: rate"},
      {gmail + "colour = 1\n", "unknown key \"colour\" in [personality.gmail]"},
      {receiver + "personality = \"gone\"\n", "[personality.gone] is not declared"},
      {at, "changes nothing"},
      {at + "rate = \"fast\"\n", "x.toml:6: rate"},
      {"[[timeline]]\nat = \"3s\"\npersonality = \"gmail\"\nrate = \"1/s\"\n", "[personality.gmail] is not declared"},
      {after, "address"},
      {receiver + "[[receiver.after]]\nkind = \"bounce\"\nto = \"nowhere\"\n", "x.toml:6: to"},
      {receiver + "[[receiver.after]]\nkind = \"bounce\"\nto = \"127.0.0.1:25\"\nformats = [\"x\"]\n",
       "none of rfc3464"}};
  for (const auto& [text, expected] : cases) EXPECT_THAT(error_of(text), HasSubstr(expected)) << text;
}

// Both brought down the program through the library's own assertions.
TEST(Scenario, BytesThatTheLibraryHoldsImpossibleAreErrors) {
  for (const std::string_view text :
       {"[[\n", "[[", "[[\r\n", "\xEF\xB9\xB6 = 1\n", "a\xEF\xB9\xB6 b = 1\n", "a = 1 \xEF\xB9\xB7\n"}) {
    EXPECT_THAT(error_of(text), HasSubstr("x.toml:1")) << text;
  }
}
