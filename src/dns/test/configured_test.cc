// SPDX-License-Identifier: Apache-2.0
#include "dns/configured.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/test/temp_folder.h"

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
  EXPECT_TRUE(options.strict_dnssec);
  EXPECT_EQ(options.timeout, 1500ms);
  EXPECT_EQ(options.cache_bytes, 12345U);
}

class SystemAnchor : public ::testing::Test {
 protected:
  SystemAnchor() { std::ofstream(file_) << ". IN DS 20326 8 2 E06D\n"; }
  const TempFolder folder_;
  const std::string file_ = folder_.file("root.key");
  const std::string none_ = folder_.file("none.key");
};

TEST_F(SystemAnchor, IsTakenWhereItIsThereAndNoneIsNamed) {
  config::Dns table;
  EXPECT_EQ(configured(table, file_).trust_anchor_file, file_);
  EXPECT_FALSE(configured(table, file_).strict_dnssec) << "a resolver may take signatures out";
  EXPECT_EQ(configured(table, none_).trust_anchor_file, "");
  table.trust_anchor_file = "/etc/anchors";
  EXPECT_EQ(configured(table, file_).trust_anchor_file, "/etc/anchors");
  EXPECT_TRUE(configured(table, file_).strict_dnssec);
}

TEST_F(SystemAnchor, DaneWithoutAnAnchorIsTold) {
  config::Config config;
  EXPECT_EQ(dane_gap(config, none_), "") << "no stream asks for MX";
  config.streams.emplace_back().route.kind = config::Route::Kind::Mx;
  EXPECT_NE(dane_gap(config, none_).find("no TLSA record is obeyed"), std::string::npos);
  EXPECT_EQ(dane_gap(config, file_), "");
  config.tls.dane = false;
  EXPECT_EQ(dane_gap(config, none_), "");
  config.tls.dane = true;
  config.dns.trust_anchor_file = "/etc/anchors";
  EXPECT_EQ(dane_gap(config, none_), "");
}

}  // namespace
}  // namespace penstock::dns
