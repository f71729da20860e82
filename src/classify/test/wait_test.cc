// SPDX-License-Identifier: Apache-2.0
#include "classify/wait.h"

#include <gtest/gtest.h>

#include "classify/blocklist_name.h"

using namespace penstock::classify;
using namespace std::chrono_literals;

TEST(ToldWait, TimesInRepliesAreRead) {
  EXPECT_EQ(told_wait("try again in 10 minutes"), 10min);
  EXPECT_EQ(told_wait("greylisted, retry after 300 seconds"), 300s);
  EXPECT_EQ(told_wait("please come back in 00:04:59"), 4min + 59s);
  EXPECT_EQ(told_wait("wait 5 min"), 5min);
  EXPECT_EQ(told_wait("blocked for 1 hour."), 1h);
  EXPECT_EQ(told_wait("retry in 120s"), 2min);
  EXPECT_EQ(told_wait("rejected for 2 days"), 48h);
  EXPECT_EQ(told_wait("veuillez essayer dans 15 minutes"), 15min);
  EXPECT_EQ(told_wait("bitte nach 2 stunden erneut"), 2h);
  EXPECT_EQ(told_wait("retry=30m"), 30min);
}

TEST(ToldWait, UnitsAddUp) {
  EXPECT_EQ(told_wait("try again in 1 hour 30 minutes"), 90min);
  EXPECT_EQ(told_wait("try again in 1 hour and 30 minutes."), 90min);
  EXPECT_EQ(told_wait("wait 1 hour, 5 minutes and 3 seconds"), 65min + 3s);
  EXPECT_EQ(told_wait("retry in 1h30m"), 90min);
  EXPECT_EQ(told_wait("retry after 2 days 1 hr"), 49h);
  EXPECT_EQ(told_wait("blocked for 1 hour, 10 messages wait"), 1h);
  EXPECT_EQ(told_wait("in 10 minutes 2 hours were lost"), 10min);
  EXPECT_EQ(told_wait("in 5 minutes, 3 minutes more"), 5min);
}

TEST(ToldWait, OfARangeTheLongerIsMeant) {
  EXPECT_EQ(told_wait("try again in 5-10 minutes"), 10min);
  EXPECT_EQ(told_wait("retry in 1 to 2 hours"), 2h);
  EXPECT_EQ(told_wait("wait five to ten minutes"), 10min);
  EXPECT_EQ(told_wait("in 2 or 3 hours"), 3h);
}

TEST(ToldWait, OtherLanguagesAndCues) {
  EXPECT_EQ(told_wait("reintente en 300 segundos"), 300s);
  EXPECT_EQ(told_wait("riprovare tra 10 minuti"), 10min);
  EXPECT_EQ(told_wait("tente novamente em 2 horas"), 2h);
  EXPECT_EQ(told_wait("bitte in 1 stunde erneut"), 1h);
  EXPECT_EQ(told_wait("blocked for the next 24 hours"), 24h);
  EXPECT_EQ(told_wait("retry in 2h"), 2h);
  EXPECT_EQ(told_wait("for 600 seconds"), 600s);
}

TEST(ToldWait, NumbersMayBeWords) {
  EXPECT_EQ(told_wait("please try again in ten minutes"), 10min);
  EXPECT_EQ(told_wait("wait at least sixty seconds"), 60s);
  EXPECT_EQ(told_wait("come back in an hour"), 1h);
  EXPECT_EQ(told_wait("in one hour and thirty minutes"), 90min);
  EXPECT_EQ(told_wait("for twenty-four hours"), 24h);
  EXPECT_EQ(told_wait("for twenty-five minutes"), 25min);
  EXPECT_EQ(told_wait("often minutes"), std::nullopt);
  EXPECT_EQ(told_wait("in tens minutes"), std::nullopt);
  EXPECT_EQ(told_wait("ten minutes ago"), std::nullopt);
}

TEST(ToldWait, FractionsAndHalves) {
  EXPECT_EQ(told_wait("try again in 1.5 hours"), 90min);
  EXPECT_EQ(told_wait("try again in 2,25 minuten"), 135s);
  EXPECT_EQ(told_wait("try again in half an hour"), 30min);
  EXPECT_EQ(told_wait("bitte in einer halben stunde erneut versuchen"), 30min);
  EXPECT_EQ(told_wait("bitte in 15 minuten erneut versuchen"), 15min);
}

TEST(ToldWait, SecondsMayGoWithoutTheirName) {
  EXPECT_EQ(told_wait("greylisted for 300"), 300s);
  EXPECT_EQ(told_wait("greylisted, try again in 600."), 600s);
  EXPECT_EQ(told_wait("retry later: 3600s remaining"), 3600s);
  EXPECT_FALSE(told_wait("greylisted for 3"));
  EXPECT_FALSE(told_wait("see rfc for 300 reasons"));
  EXPECT_FALSE(told_wait("blocked for 300 messages"));
  EXPECT_FALSE(told_wait("try again in 192.0.2.1"));
}

TEST(ToldWait, OtherNumbersAreNoTimes) {
  for (const char* none :
       {"", "try again later", "error 10 in module", "after 10 messages", "in 4.7.0 s", "10 minutes ago", "in 10",
        "in 0 minutes", "in 99 days", "in 99999999999 s", "in 10 minutesx", "see in 192.0.2.1 m", "in 01:99:00"}) {
    EXPECT_FALSE(told_wait(none)) << none;
  }
}

TEST(BlocklistName, ZoneBehindTheUsualWords) {
  EXPECT_EQ(blocklist_name("client host [192.0.2.1] blocked using zen.spamhaus.org; see there"), "zen.spamhaus.org");
  EXPECT_EQ(blocklist_name("listed in the list.example.net."), "list.example.net");
  EXPECT_EQ(blocklist_name("listed by rbl bl.example.org"), "bl.example.org");
}

TEST(BlocklistName, KnownNamesAnywhere) {
  EXPECT_EQ(blocklist_name("is in the spamhaus sbl-xbl database"), "spamhaus sbl-xbl");
  EXPECT_EQ(blocklist_name("blocked using cloudmark sender intelligence"), "cloudmark sender intelligence");
}

TEST(BlocklistName, ListsWithoutAHostName) {
  EXPECT_EQ(blocklist_name("blocked by abusix mail intelligence"), "abusix mail intelligence");
  EXPECT_EQ(blocklist_name("your ip is listed by invaluement ivmsip"), "ivmsip");
}

TEST(BlocklistName, NothingWhenNoneIsNamed) {
  for (const char* none : {"", "your ip is blacklisted", "blocked using", "blocked by 192.0.2.1", "listed in ."}) {
    EXPECT_EQ(blocklist_name(none), "") << none;
  }
}
