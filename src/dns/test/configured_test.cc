// SPDX-License-Identifier: Apache-2.0
#include "dns/configured.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

TEST(Configured, TakesWhatTheTableSays) {
  config::Dns table;
  table.upstream = {{.host = "192.0.2.53", .port = 53, .unix_path = {}}};
  table.resolv_conf = "/etc/other.conf";
  table.stub = {{.zone = "test", .server = {.host = "127.0.0.53", .port = 5353, .unix_path = {}}, .dnssec = true}};
  table.trust_anchor_file = "/etc/anchors";
  table.timeout = 1500ms;
  table.cache_bytes = 12345;
  const UnboundOptions options = configured(table);
  EXPECT_EQ(options.upstreams, std::vector<std::string>{"192.0.2.53:53"});
  EXPECT_EQ(options.resolv_conf, "/etc/other.conf");
  ASSERT_EQ(options.stubs.size(), 1U);
  EXPECT_EQ(options.stubs[0].zone, "test");
  EXPECT_EQ(options.stubs[0].server, "127.0.0.53:5353");
  EXPECT_TRUE(options.stubs[0].dnssec);
  EXPECT_EQ(options.trust_anchor_file, "/etc/anchors");
  EXPECT_EQ(options.timeout, 1500ms);
  EXPECT_EQ(options.cache_bytes, 12345U);
}

}  // namespace
}  // namespace penstock::dns
