// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "eventlog/accounting_columns.h"
#include "eventlog/accounting_files.h"
#include "eventlog/accounting_writer.h"
#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// The record of `line` with the columns named.
std::string record_of(std::string_view line, const std::vector<std::string>& names) {
  std::vector<const Column*> columns;
  for (const std::string& name : names) columns.push_back(find_column(name));
  EventLine event;
  EXPECT_TRUE(event.parse(line));
  std::string out;
  std::string scratch;
  append_record(columns, event, out, scratch);
  EXPECT_TRUE(out.ends_with("\r\n"));
  return out.substr(0, out.size() - 2);
}

constexpr std::string_view kDelivered =
    R"({"time":"2026-11-24T07:00:10.500000Z","type":"delivered","node":"mta1","id":"01K8Q2R5VX3ZP","campaign":"autumn",)"
    R"("sender":"news@shop.example","recipient":"ann@a.example","orcpt":"rfc822;ann@a.example","envid":"QQ1",)"
    R"("domain":"a.example","vmta":"v1","pool":"main","source":"192.0.2.1","peer":"198.51.100.7",)"
    R"("peer_host":"mx1.a.example","route":"mx","protocol":"http","client":"203.0.113.4","extensions":"PIPELINING,SIZE",)"
    R"("reply":"250 2.0.0 ok, queued","code":250,"enhanced":"2.0.0","size":10240,"queued_us":10500000,"tls":"TLSv1.3"})";

TEST(Accounting, DeliveredGivesPowerMtasRecord) {
  EXPECT_EQ(record_of(kDelivered, default_columns()),
            "d,2026-11-24 07:00:10+0000,2026-11-24 07:00:00+0000,news@shop.example,ann@a.example,rfc822;ann@a.example,"
            "relayed,2.0.0 (success),\"smtp;250 2.0.0 ok, queued\",mx1.a.example (198.51.100.7),,api,203.0.113.4,smtp,"
            "192.0.2.1,198.51.100.7,\"PIPELINING,SIZE\",10240,v1,autumn,QQ1,a.example/v1,main");
}

TEST(Accounting, EachKindOfEventIsMapped) {
  const std::vector<std::string> columns{"type",      "dsnAction", "dsnStatus", "dsnDiag",
                                         "bounceCat", "srcMta",    "dlvType",   "eventType"};
  const std::vector<std::pair<std::string_view, std::string_view>> table{
      {R"({"type":"bounced","route":"relay","reply":"550 5.1.1 no","code":550,"enhanced":"5.1.1","class":"invalid-mailbox","client":"pickup"})",
       "b,failed,5.1.1 (bad destination mailbox address),smtp;550 5.1.1 no,bad-mailbox,pickup,smtp,bounced"},
      {R"({"type":"bounced","reply":"554 no","code":554})", "b,failed,5.0.0,smtp;554 no,other,,,bounced"},
      {R"({"type":"deferred","reply":"451 later","code":451,"class":"rate-limit"})",
       "t,delayed,4.0.0,smtp;451 later,policy-related,,,deferred"},
      {R"({"type":"deferred","reply":"connection refused","class":"network"})",
       "t,delayed,4.4.0,x-penstock;connection refused,no-answer-from-host,,,deferred"},
      {R"({"type":"bounced","reply":"takes no mail","enhanced":"5.1.10","class":"invalid-domain"})",
       "b,failed,5.1.10 (recipient address has null MX),x-penstock;takes no mail,bad-domain,,,bounced"},
      {R"({"type":"expired","reply":"451 later","code":451,"class":"rate-limit"})",
       "b,failed,4.4.7 (delivery time expired),smtp;451 later,message-expired,,,expired"},
      {R"({"type":"suppressed","class":"suppressed"})", "b,failed,5.0.0,,suppressed,,,suppressed"},
      {R"({"type":"delivered","route":"lmtp"})", "d,delivered,2.0.0 (success),,,,lmtp,delivered"},
      {R"({"type":"delivered","route":"null"})", "d,relayed,2.0.0 (success),,,,discard,delivered"},
      {R"({"type":"accepted","peer":"192.0.2.7","peer_host":"client.example","reply":"250 ok","code":250})",
       "r,,,,,client.example (192.0.2.7),,accepted"},
      {R"({"type":"rejected","peer":"192.0.2.7","reply":"550 no","code":550,"class":"policy"})",
       "x,failed,5.0.0,smtp;550 no,policy-related,192.0.2.7,,rejected"},
  };
  for (const auto& [line, record] : table) EXPECT_EQ(record_of(line, columns), record) << line;
  EventLine event;
  for (const std::string_view line : {R"({"type":"admin"})", R"({"type":"held"})", R"({})"}) {
    EXPECT_TRUE(event.parse(line));
    EXPECT_EQ(record_type(event), "") << line;
  }
}

TEST(Accounting, EveryClassHasACategory) {
  for (int i = 1; i < static_cast<int>(model::OutcomeClass::Other); ++i) {
    const auto name = to_string(static_cast<model::OutcomeClass>(i));
    EXPECT_EQ(bounce_category(name) == "other", name == "admin") << name;
  }
  EXPECT_EQ(bounce_category("no-such"), "other");
}

TEST(Accounting, ValuesAreQuotedWhereCsvAsksForIt) {
  EXPECT_EQ(record_of(R"({"recipient":"\"a, \\b\"@x","sender":"","reply":"one\ntwo"})", {"rcpt", "orig", "reply"}),
            "\"\"\"a, \\b\"\"@x\",,\"one\ntwo\"");
  EXPECT_EQ(
      record_of(R"({"reply":"two\r\nlines","campaign":"plain words","envid":"a,b"})", {"reply", "jobId", "envId"}),
      "\"two\r\nlines\",plain words,\"a,b\"");
}

// Whatever a client, a receiver or its name says is text to whoever opens the file.
TEST(Accounting, NothingThatStrangersSayIsAFormula) {
  EXPECT_EQ(record_of(R"({"type":"bounced","sender":"=cmd|'/c calc'!A1@x","recipient":"+a@x","orcpt":"@SUM1",)"
                      R"("peer_host":"-mx","peer":"192.0.2.1","campaign":"\t=1","envid":"-2","size":-5})",
                      {"orig", "rcpt", "orcpt", "dsnMta", "jobId", "envId", "dlvSize"}),
            "\"'=cmd|'/c calc'!A1@x\",\"'+a@x\",\"'@SUM1\",\"'-mx (192.0.2.1)\",\"'\t=1\",-2,-5");
  EXPECT_EQ(record_of(R"({"type":"bounced","code":550,"reply":"=1+1"})", {"reply", "dsnDiag"}), "\"'=1+1\",smtp;=1+1");
}

TEST(Accounting, EveryEventFieldIsAColumnAndNamesAreUnique) {
  for (const std::string_view name : kFieldNames) EXPECT_NE(find_column(name), nullptr) << name;
  std::vector<std::string> names = known_columns();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(default_columns().back(), "vmtaPool");
  EXPECT_EQ(record_of(kDelivered, {"node", "tls", "queued_us"}), "mta1,TLSv1.3,10500000");
}

TEST(AccountingPlace, ReadsBackAsWritten) {
  const AccountingPlace place{17, "acct-2026-11-24-000017", 1234, Time{5s}, true};
  EXPECT_EQ(parse_place(format_place(place)), place);
  EXPECT_EQ(parse_place(format_place({})), AccountingPlace{});
  for (const std::string_view bad :
       {"", "1", "1 a", "1 a 2", "1 a 2 3", "1 a 2 3 shut", "x a 2 3 open", "1 ../a 2 3 open"}) {
    EXPECT_FALSE(parse_place(bad)) << bad;
  }
}

class AccountingFolder : public testing::Test {
 protected:
  AccountingFolder() {
    options_.dir = (folder_.root / "accounting").string();
    options_.columns = {"type", "rcpt"};
    folder_.open();
  }
  std::unique_ptr<AccountingWriter> open() {
    auto writer = AccountingWriter::open(*folder_.log, folder_.clock, options_);
    EXPECT_TRUE(writer) << writer.error().to_string();
    return std::move(*writer);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options_.dir))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] std::string contents(const std::string& name) const { return contents_of(options_.dir + "/" + name); }
  // Every record of every file, without headers.
  [[nodiscard]] std::string records() const {
    std::string all;
    for (const std::string& name : files()) {
      const std::string text = contents(name);
      EXPECT_TRUE(text.starts_with("type,rcpt\r\n")) << name;
      for (std::string_view rest = std::string_view(text).substr(11); !rest.empty();) {
        const std::string_view line = take_line(rest);
        all += std::string(line.substr(0, line.size() - 1)) + ' ';
      }
    }
    return all;
  }
  LogFolder folder_;
  AccountingOptions options_;
};

TEST_F(AccountingFolder, WritesWhatTheLogHasAndGoesOnAfterARestart) {
  folder_.write("a@x");
  auto writer = open();
  ASSERT_TRUE(writer->run_once());
  EXPECT_THAT(files(), ElementsAre("acct-2027-01-15-000001.csv.part"));
  EXPECT_EQ(contents(files()[0]), "type,rcpt\r\nd,a@x\r\n");
  folder_.write("b@x");
  writer.reset();  // stops: writes the rest
  writer = open();
  folder_.write("c@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(records(), "d,a@x d,b@x d,c@x ");
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(writer->stats().behind_bytes, 0U);
}

TEST_F(AccountingFolder, OnlyWantedTypesAreWritten) {
  options_.records = {"t"};
  folder_.write("a@x");
  model::Event event = delivered("b@x");
  event.type = model::EventType::Deferred;
  folder_.log->record(event);
  event.type = model::EventType::Admin;
  folder_.log->record(event);
  folder_.log->flush();
  auto writer = open();
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(records(), "t,b@x ");
  EXPECT_EQ(writer->stats().events, 3U);
  EXPECT_EQ(writer->stats().records, 1U);
}

TEST_F(AccountingFolder, FinishedFilesThatAreTooOldAreRemovedAndOthersStay) {
  options_.rotate_bytes = 1;
  options_.keep_age = std::chrono::hours{36};
  auto writer = open();
  const std::string foreign = options_.dir + "/acct-notes.csv";
  std::ofstream(foreign) << "mine";
  for (const char* recipient : {"a@x", "b@x", "c@x"}) {  // a file a day
    folder_.write(recipient);
    ASSERT_TRUE(writer->run_once());
    folder_.clock.advance(std::chrono::hours{24});
  }
  EXPECT_THAT(files(), ElementsAre("acct-2027-01-15-000001.csv", "acct-2027-01-16-000002.csv",
                                   "acct-2027-01-17-000003.csv", "acct-notes.csv"));
  folder_.write("d@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_THAT(files(), ElementsAre("acct-2027-01-16-000002.csv", "acct-2027-01-17-000003.csv",
                                   "acct-2027-01-18-000004.csv", "acct-notes.csv"));
}

TEST_F(AccountingFolder, RotatesBySizeAndByAgeAndAFinishedFileIsComplete) {
  options_.rotate_bytes = 1;
  auto writer = open();
  folder_.write("a@x");
  ASSERT_TRUE(writer->run_once());
  folder_.write("b@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_THAT(files(), ElementsAre("acct-2027-01-15-000001.csv", "acct-2027-01-15-000002.csv"));
  EXPECT_EQ(contents("acct-2027-01-15-000002.csv"), "type,rcpt\r\nd,b@x\r\n");
  writer.reset();
  options_.rotate_bytes = 1'000'000;
  writer = open();
  folder_.write("c@x");
  ASSERT_TRUE(writer->run_once());
  folder_.clock.advance(59min);
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(files().back(), "acct-2027-01-15-000003.csv.part");
  folder_.clock.advance(1min);
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(files().back(), "acct-2027-01-15-000003.csv");
  folder_.clock.advance(24h);
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(files().size(), 3U);  // no empty file
  folder_.write("d@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(files().back(), "acct-2027-01-16-000004.csv.part");
  EXPECT_EQ(writer->stats().files, 1U);
}

// Copies everything on disk after each step, as a crash would leave it, and goes on from the copy.
TEST_F(AccountingFolder, CrashAfterAnyStepNeitherLosesNorDoublesARecord) {
  options_.commit_interval = 1h;  // only where the steps say so
  std::vector<std::filesystem::path> copies;
  std::vector<std::string> expected;
  std::string so_far;
  auto writer = open();
  const auto crash_here = [&] {
    copies.push_back(folder_.root / fmt::format("copy{}", copies.size()));
    std::filesystem::create_directory(copies.back());
    std::filesystem::copy(folder_.options.dir, copies.back() / "events", std::filesystem::copy_options::recursive);
    std::filesystem::copy(options_.dir, copies.back() / "accounting", std::filesystem::copy_options::recursive);
    expected.push_back(so_far);
  };
  crash_here();
  for (int step = 0; step < 12; ++step) {
    const std::string recipient = fmt::format("u{}@x", step);
    folder_.write(recipient);
    so_far += "d," + recipient + " ";
    crash_here();
    ASSERT_TRUE(writer->run_once());
    crash_here();
    ASSERT_TRUE(step % 3 != 1 || writer->commit());
    ASSERT_TRUE(step % 4 != 3 || writer->rotate());
    crash_here();
  }
  writer.reset();
  for (std::size_t i = 0; i < copies.size(); ++i) {
    folder_.options.dir = (copies[i] / "events").string();
    options_.dir = (copies[i] / "accounting").string();
    folder_.open();
    auto again = open();
    ASSERT_TRUE(again->run_once());
    EXPECT_EQ(records(), expected[i]) << i;
    folder_.write("new@x");
    ASSERT_TRUE(again->run_once());
    EXPECT_EQ(records(), expected[i] + "d,new@x ") << i;
    again.reset();
  }
}

TEST_F(AccountingFolder, CrashBetweenStoringAndRenamingFinishesTheFile) {
  auto writer = open();
  folder_.write("a@x");
  ASSERT_TRUE(writer->run_once());
  ASSERT_TRUE(writer->rotate());
  writer.reset();
  std::filesystem::rename(options_.dir + "/acct-2027-01-15-000001.csv",
                          options_.dir + "/acct-2027-01-15-000001.csv.part");
  writer = open();
  EXPECT_THAT(files(), ElementsAre("acct-2027-01-15-000001.csv"));
}

TEST_F(AccountingFolder, OtherColumnsBeginANewFile) {
  folder_.write("a@x");
  auto writer = open();
  ASSERT_TRUE(writer->run_once());
  writer.reset();
  options_.columns = {"rcpt"};
  writer = open();
  folder_.write("b@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(contents("acct-2027-01-15-000001.csv"), "type,rcpt\r\nd,a@x\r\n");
  EXPECT_EQ(contents("acct-2027-01-15-000002.csv.part"), "rcpt\r\nb@x\r\n");
}

TEST_F(AccountingFolder, FailingDiskKeepsRecordsForTheNextTry) {
  auto writer = open();
  std::filesystem::remove_all(options_.dir);
  folder_.write("a@x");
  EXPECT_FALSE(writer->run_once());
  EXPECT_FALSE(writer->run_once());
  std::filesystem::create_directory(options_.dir);
  folder_.write("b@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(records(), "d,a@x d,b@x ");
}

TEST_F(AccountingFolder, ComingAfterRetentionIsCounted) {
  auto writer = open();
  folder_.write("a@x");
  folder_.log->seal();
  folder_.clock.advance(24h * 30);
  folder_.log->maintain();
  folder_.write("b@x");
  ASSERT_TRUE(writer->run_once());
  EXPECT_EQ(records(), "d,b@x ");
  EXPECT_GT(writer->stats().missed_bytes, 0U);
}

TEST_F(AccountingFolder, BadOptionsNameWhatIsWrong) {
  const auto refused = [this](AccountingOptions options) {
    const auto writer = AccountingWriter::open(*folder_.log, folder_.clock, std::move(options));
    return writer ? std::string() : writer.error().to_string();
  };
  AccountingOptions options = options_;
  options.columns = {"rcpt", "colour"};
  EXPECT_THAT(refused(options), HasSubstr("\"colour\""));
  options = options_;
  options.records = {"d", "tq"};
  EXPECT_THAT(refused(options), HasSubstr("\"tq\""));
  options = options_;
  options.prefix = "a/b";
  EXPECT_THAT(refused(options), HasSubstr("\"a/b\""));
  ASSERT_TRUE(folder_.log->store_cursor("webhooks", {0, "something else"}));
  options = options_;
  options.cursor = "webhooks";
  EXPECT_THAT(refused(options), HasSubstr("\"webhooks\""));
}

TEST_F(AccountingFolder, ItsThreadFollowsTheLog) {
  SystemClock clock;
  folder_.log->start();
  auto writer = std::move(*AccountingWriter::open(*folder_.log, clock, options_));
  writer->start();
  for (int i = 0; i < 1'000; ++i) folder_.log->record(delivered("a@x", clock.wall()));
  writer->stop();
  EXPECT_EQ(writer->stats().records, 1'000U);
  EXPECT_TRUE(writer->health().ok);
}

}  // namespace
}  // namespace penstock::eventlog
