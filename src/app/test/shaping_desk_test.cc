// SPDX-License-Identifier: Apache-2.0
// Pins of paths that somebody uses, and of those that nobody has used yet.
#include "app/shaping_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/errc.h"
#include "app/test/node_fixture.h"
#include "app/test/slow_dns.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kNarrower = R"([defaults]
connections = 18
[[stream]]
name = "direct"
pool = "main"
[[domain]]
name = "slow.example"
connections = 3
[[domain]]
name = "*.rated.example"
message_rate = "1/s"
[[path]]
vmta = "v2"
provider = "yahoo"
connections = 7
[[path]]
stream = "other"
provider = "yahoo"
connections = 4
[[path]]
site = "mx.a.example"
connections = 5
)";

struct PinDns {
  SlowDns dns_;
};

class PinTest : private PinDns, public NodeFixture {
 protected:
  PinTest() : NodeFixture(dns_.upstream(), kNarrower) { dns_.go_on(); }
  // "" where it may be; else why not.
  std::string pin(const std::string& path, std::uint32_t connections) {
    api::PathPin pin;
    pin.path = path;
    pin.connections = connections;
    const auto pinned = operations_->shaping().pin_path(pin, actor_);
    if (pinned) return "";
    EXPECT_EQ(pinned.error().code, make_error_code(api::Errc::BadRequest)) << path;
    return pinned.error().detail;
  }
};

TEST_F(PinTest, AboveTheCeilingOfAPathInUseIsRefused) {
  send({"a@one.example"}, 0s);
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  EXPECT_THAT(pin("v1/null", 19), HasSubstr("the path may have 18 connections at most"));
  EXPECT_EQ(pin("v1/null", 18), "");
}

TEST_F(PinTest, AboveTheCeilingOfAFixedRouteIsRefusedAfterARestartToo) {
  send({"a@one.example"}, 0s);
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  EXPECT_EQ(pin("v1/null", 18), "");
  close();
  open();
  EXPECT_THAT(pin("v1/null", 19), HasSubstr("the path may have 18 connections at most"));
  EXPECT_EQ(pin("v1/null", 17), "");
}

struct CeilingCase {
  const char* path;
  std::uint32_t ceiling;
};

TEST_F(PinTest, AboveTheCeilingOfAPathThatNobodyHasUsedIsRefusedAlike) {
  const CeilingCase cases[] = {
      {"v1/provider:yahoo", 15},              // the provider's file
      {"v2/provider:yahoo", 7},               // [[path]]
      {"v1/stream:other/provider:yahoo", 4},  // the stream's own
      {"v1/site:mx.b.example", 18},           // [defaults]
      {"v1/site:mx.a.example", 5},
      {"v1/domain:slow.example", 3},
      {"v1/domain:a.rated.example", 18},  // what its route has, looked up
  };
  for (const CeilingCase& one : cases) {
    const std::string says = fmt::format("the path may have {} connections at most", one.ceiling);
    EXPECT_THAT(pin(one.path, one.ceiling + 1), HasSubstr(says)) << one.path;
    EXPECT_EQ(pin(one.path, one.ceiling), "") << one.path;
    EXPECT_THAT(pin(one.path, one.ceiling + 1), HasSubstr(says)) << one.path << " is pinned already";
  }
}

TEST_F(PinTest, DomainThatCannotBeLookedUpIsRefusedByItsOwnTableOnly) {
  EXPECT_THAT(pin("v1/stream:direct/domain:slow.example", 4), HasSubstr("the path may have 3 connections at most"));
  EXPECT_EQ(pin("v1/stream:direct/domain:a.rated.example", 900), "") << "what its provider takes is not known";
}

}  // namespace
}  // namespace penstock::app
