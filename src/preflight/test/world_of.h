// SPDX-License-Identifier: Apache-2.0
// A world with a scripted DNS, a clock that stands still, and a configuration from text.   Test only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "config/load.h"
#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"
#include "preflight/checks.h"

namespace penstock::preflight {

inline std::shared_ptr<const config::Config> config_of(const std::string& text) {
  const config::Loaded loaded = config::load_text(text, "/p/penstock.toml");
  for (const config::Problem& problem : loaded.problems) {
    EXPECT_FALSE(problem.is_error) << config::format_problem(problem);
  }
  return loaded.config;
}

inline constexpr const char* kLeast = R"(
[node]
name = "mta1.example.com"
[[vmta]]
name = "v1"
source = "127.0.0.1"
ehlo = "mta1.example.com"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
)";

class WorldTest : public ::testing::Test {
 protected:
  explicit WorldTest(const std::string& config = kLeast) : config_(config_of(config)) {}
  Findings run(net::Task<Findings> task) { return dns::run(shards_[0], std::move(task)); }
  // The only one there is.
  Finding one(net::Task<Findings> task) {
    const Findings found = run(std::move(task));
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Finding{} : found.front();
  }
  void ptr(const std::string& reverse, std::initializer_list<std::string> names) {
    dns::Answer answer;
    answer.status = dns::Status::Found;
    for (const std::string& name : names) answer.records.push_back({0, name});
    dns_.set(reverse, dns::RecordType::Ptr, answer);
  }
  void soa(const std::string& zone, const std::string& server) {
    dns::Answer answer;
    answer.status = dns::Status::Found;
    answer.canonical_name = zone;
    answer.records.push_back({0, server});
    dns_.set(zone, dns::RecordType::Soa, answer);
  }
  static Identity identity(const char* address, std::string ehlo = "mta1.example.com") {
    return {"v1", std::move(ehlo), IpAddress::parse(address), false};
  }

  std::shared_ptr<const config::Config> config_;
  dns::FakeResolver dns_;
  net::ShardSet shards_{1};
  FakeClock clock_;
  World world_{*config_, dns_, shards_[0], clock_};
};

}  // namespace penstock::preflight
