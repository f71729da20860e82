// SPDX-License-Identifier: Apache-2.0
// The whole of queues, pins, retries and limiters in simulated time, over random schedules.
#include "../sender.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace std::chrono_literals;
using namespace penstock;
using namespace penstock::bench;

namespace {

// Providers, limits and steps as the seed has them, often too small for the mail, with blocks and odd refusals.
Scenario random_scenario(std::uint64_t seed) {
  Rng rng(seed);
  Scenario scenario;
  scenario.recipients = 6000;
  scenario.vmtas = 2 + static_cast<std::uint32_t>(rng.below(6));
  scenario.longest = 48h;
  scenario.transactional_per_second = 1;
  scenario.campaigns = {{"a", 0.7}, {"b", 0.3}};
  for (int i = 0; i < 3; ++i) {
    Provider provider;
    provider.personality = static_cast<Personality>(rng.below(4));
    provider.rate = rng.below(4) == 0 ? 0 : 1 + 30 * rng.unit();
    provider.connections = static_cast<std::uint32_t>(rng.below(8));
    provider.messages_per_connection = static_cast<std::uint32_t>(rng.below(30));
    if (provider.rate <= 0 && provider.connections == 0) provider.connections = 2;
    provider.complaints = rng.below(2) == 0 ? 0 : 0.002 * rng.unit();
    provider.complaints_drift = 2;
    provider.ours.connections_start = 4;
    provider.ours.connections = 30;
    provider.ours.message_rate_floor = Rate{0.5};
    provider.ours.message_rate_start = Rate{1 + 40 * rng.unit()};
    provider.random = {2min, 0.1, 4};
    Step block;
    block.at = Duration{static_cast<std::int64_t>(rng.unit() * 600e6)};
    block.block = Duration{static_cast<std::int64_t>(rng.unit() * 1200e6)};
    provider.steps.push_back(block);
    scenario.providers.push_back(provider);
  }
  return scenario;
}

}  // namespace

TEST(Sender, WhoWasToldToWaitIsNeverTriedFromAnotherAddress) {
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const Scenario scenario = random_scenario(seed);
    Sender sender(scenario, seed);
    const Figures figures = sender.run();
    EXPECT_EQ(figures.snowshoe, 0U) << "seed " << seed;
    EXPECT_EQ(figures.left, 0U) << "seed " << seed << ": everything gets through in the end";
    refused += figures.refused;
  }
  EXPECT_GT(refused, 2500U) << "the schedules must put it to the test";
}

TEST(Sender, SameSeedGivesTheSameRun) {
  const Scenario scenario = random_scenario(7);
  Sender one(scenario, 7), again(scenario, 7), other(scenario, 8);
  const Figures a = one.run(), b = again.run(), c = other.run();
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.refused, b.refused);
  EXPECT_EQ(a.simulated_s, b.simulated_s);
  EXPECT_EQ(a.transactional_p99_s, b.transactional_p99_s);
  EXPECT_NE(a.attempts, c.attempts);
}

TEST(Sender, NamedWaitIsKept) {
  Scenario scenario = random_scenario(3);
  scenario.providers.resize(1);
  Provider& provider = scenario.providers.front();
  provider = Provider{};
  provider.rate = 20;
  provider.spread = 0;
  provider.ours.connections_start = 4;
  provider.ours.message_rate_start = Rate{10};
  Step block;
  block.at = 30s;
  block.block = 20min;
  provider.steps = {block};
  Sender sender(scenario, 3);
  const Figures figures = sender.run();
  EXPECT_EQ(figures.left, 0U);
  // Each address was told once or, with what was under way, some times more; nobody came back in between.
  EXPECT_LT(figures.refused, 40U * scenario.vmtas);
}

// Connections that end after five messages all the time must not be what limits the rate.
TEST(Sender, FewMessagesOverAConnectionLeaveTheRateAsItIs) {
  for (const std::uint32_t messages : {2U, 5U}) {
    Scenario scenario = random_scenario(5);
    scenario.recipients = 60'000;
    scenario.vmtas = 2;
    Provider provider;
    provider.personality = Personality::Yahoo;
    provider.rate = 80;
    provider.spread = 0;
    provider.connections = 120;
    provider.messages_per_connection = messages;
    provider.rtt = 80ms;
    provider.service = 50ms;
    provider.ours.connections_start = 5;
    provider.ours.connections = 400;
    provider.ours.message_rate_floor = Rate{0.5};
    provider.ours.message_rate_start = Rate{10};
    provider.ours.messages_per_connection = 100;
    scenario.providers = {provider};
    Sender sender(scenario, 5);
    const Figures figures = sender.run();
    EXPECT_GT(figures.goodput_share, 0.95) << messages;
    EXPECT_LT(figures.refused_share, 0.005) << messages;
  }
}

TEST(Scenario, ShippedOnesAreRead) {
  const std::filesystem::path folder = std::filesystem::path(PENSTOCK_SOURCE_DIR) / "bench/shaping/scenarios";
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto scenario = load_scenario(entry.path().string());
    ASSERT_TRUE(scenario) << scenario.error().detail;
    EXPECT_FALSE(scenario->providers.empty()) << entry.path();
    ++read;
  }
  EXPECT_GT(read, 0);
}

TEST(Scenario, MistakesAreToldWithTheirLine) {
  const std::string path = ::testing::TempDir() + "shaping_scenario.toml";
  const auto says = [&](const char* text) {
    std::ofstream(path) << text;
    const auto scenario = load_scenario(path);
    return scenario ? std::string() : scenario.error().detail;
  };
  EXPECT_EQ(says(""), path + ": no [[provider]]");
  EXPECT_EQ(says("[[provider]]\nrat = \"1/s\"\n"), path + ": line 2: unknown key \"rat\" in [[provider]]");
  EXPECT_NE(says("[[provider]]\nrate = 5\n").find("\"rate\" must be a text"), std::string::npos);
  EXPECT_NE(says("[[provider]]\npersonality = \"mine\"\n").find("unknown personality"), std::string::npos);
  EXPECT_NE(says("x = [\n").find("line"), std::string::npos);
  EXPECT_NE(says("[[provider]]\nspread = 1.5\n").find("line 2: \"spread\" must be a number from 0 to 1"),
            std::string::npos);
  EXPECT_NE(says("[[provider]]\n[[provider.step]]\nrate_factor = -0.5\n").find("line 3: \"rate_factor\""),
            std::string::npos);
  EXPECT_NE(says("vmtas = 2\n[[provider]]\n[[provider.step]]\nvmtas = [0, 2]\n").find("whole numbers below 2"),
            std::string::npos);
  std::filesystem::remove(path);
}

TEST(Scenario, ProviderWithoutOurLimitsHasThoseOfTheShippedFiles) {
  const std::string path = ::testing::TempDir() + "shaping_scenario.toml";
  std::ofstream(path) << "[[provider]]\npersonality = \"yahoo\"\nrate = \"20/s\"\nconnections = 10\n"
                         "[[provider]]\n[provider.ours]\nconnections = 3\n";
  const auto scenario = load_scenario(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(scenario) << scenario.error().detail;
  const shaping::Limits& ours = scenario->providers[0].ours;
  EXPECT_TRUE(ours.adaptive_rate());
  EXPECT_TRUE(ours.adaptive_connections());
  EXPECT_EQ(ours.messages_per_connection, 20U);
  EXPECT_EQ(scenario->providers[1].ours, shaping::Limits{.connections = 3}) << "who says something says all";
}

TEST(Receiver, RateOfNothingAllowsNothingWhateverTheConnections) {
  Provider provider;
  provider.rate = 20;
  provider.spread = 0;
  provider.connections = 5;
  Step none, again;
  none.at = 1min;
  none.rate_factor = 0;
  again.at = 2min;
  again.rate_factor = 1;
  provider.steps = {none, again};
  const Time start{std::chrono::seconds{1'800'000'000}};
  Receiver receiver(provider, 0, 1, start, start + 1h);
  EXPECT_GT(receiver.allowed(start), 0);
  EXPECT_EQ(receiver.allowed(start + 90s), 0);
  EXPECT_GT(receiver.allowed(start + 150s), 0);
}

TEST(Receiver, StepsOfComplaintsAreChanges) {
  Provider provider;
  provider.rate = 20;
  provider.spread = 0;
  Step first, second, same;
  first.at = 1min;
  first.complaints = 0.0015;
  second.at = 2min;
  second.complaints = 0;
  same.at = 3min;
  same.complaints = 0;
  provider.steps = {first, second, same};
  const Time start{std::chrono::seconds{1'800'000'000}};
  Receiver receiver(provider, 0, 1, start, start + 1h);
  EXPECT_EQ(receiver.changes(), (std::vector<Time>{start + 1min, start + 2min}));
  EXPECT_NEAR(receiver.hidden_rate(start + 90s), 10, 1e-9);
  EXPECT_NEAR(receiver.hidden_rate(start + 150s), 20, 1e-9);
}
