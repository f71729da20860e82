// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/report_door.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

namespace penstock::cli {
namespace {

boost::json::array settings(const std::vector<std::pair<std::string, std::string>>& rows) {
  boost::json::array all;
  for (const auto& [key, value] : rows) all.push_back(boost::json::object{{"key", key}, {"value", value}});
  return all;
}

TEST(ReportDoor, FirstListenerWithReportDomainsIsTaken) {
  const auto door = find_report_door(settings({{"node.name", "\"mta\""},
                                               {"listener.in.address", "\"127.0.0.1:2525\""},
                                               {"listener.in.report_domains", "[]"},
                                               {"listener.mx.address", "\"192.0.2.1:25\""},
                                               {"listener.mx.report_domains", "[\"b.example\", \"c.example\"]"},
                                               {"listener.more.address", "\"192.0.2.2:25\""},
                                               {"listener.more.report_domains", "\"d.example\""}}));
  ASSERT_TRUE(door);
  EXPECT_EQ(door->smtp, "192.0.2.1:25");
  EXPECT_EQ(door->to, "feedback-import@b.example");
}

TEST(ReportDoor, EveryAddressIsReachedByTheLoopbackOne) {
  for (const auto& [address, reached] :
       {std::pair("0.0.0.0:25", "127.0.0.1:25"), std::pair("[::]:2525", "[::1]:2525")}) {
    const std::string name = std::string("listener.") + address;
    const auto door = find_report_door(settings(
        {{name + ".address", std::string("\"") + address + "\""}, {name + ".report_domains", "\"b.example\""}}));
    ASSERT_TRUE(door);
    EXPECT_EQ(door->smtp, reached);
  }
}

TEST(ReportDoor, NoneWithoutReportDomains) {
  EXPECT_FALSE(find_report_door({}));
  EXPECT_FALSE(find_report_door(settings({{"listener.in.address", "\"127.0.0.1:2525\""}})));
  EXPECT_FALSE(find_report_door(settings({{"listener.in.report_domains", "[\"b.example\"]"}})));
}

}  // namespace
}  // namespace penstock::cli
