// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock-spool/tool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "cmd/penstock-spool/survey.h"
#include "spool/test/box.h"

namespace penstock::spool_tool {
namespace {

using spool::Box;
using spool::Quiet;

struct Printed {
  int status = -1;
  std::string text;
  std::string error;
};
using Command = Result<int> (*)(spool::FileSystem&, const Options&, std::FILE*);

Printed run(Command command, Box& box, Options options = {}) {
  options.dir = Box::kDir;
  char* text = nullptr;
  std::size_t length = 0;
  std::FILE* out = ::open_memstream(&text, &length);
  const auto done = command(box.disk, options, out);
  std::fclose(out);
  Printed printed{done ? *done : 2, std::string(text, length), done ? "" : done.error().to_string()};
  std::free(text);
  return printed;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Two messages; three recipients, of whom one is finished and one was attempted.
struct Filled {
  Filled() {
    box.open();
    first = box.store(2, 500);
    second = box.accept(spool::make_envelope(), "Subject: seven\r\n\r\nThe second body.\r\n").value();
    box.finish(first, 0);
    box.attempt(first, 1, 3);
    box.spool->flush();
  }
  Box box;
  model::MessageId first, second;
};

TEST(Check, SoundSpoolGivesZero) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(check, filled.box);
  EXPECT_EQ(printed.status, 0);
  EXPECT_TRUE(has(printed.text, "000001.segment   sealed")) << printed.text;
  EXPECT_TRUE(has(printed.text, "2 messages with 2 recipients wait. Nothing is damaged.")) << printed.text;
}

TEST(Check, ChangesNothing) {
  Filled filled;
  filled.box.kill();
  const auto before = filled.box.disk.contents(filled.box.path("000001.segment"));
  EXPECT_EQ(run(check, filled.box).status, 0);
  EXPECT_EQ(filled.box.disk.contents(filled.box.path("000001.segment")), before);
  EXPECT_TRUE(filled.box.files(".hint").empty());
}

TEST(Check, TornTailIsNoDamage) {
  Filled filled;
  filled.box.kill();
  filled.box.flip("000001.segment", filled.box.position("000001.segment", "450 4.2.1 later"));
  const Printed printed = run(check, filled.box);
  EXPECT_EQ(printed.status, 0);
  EXPECT_TRUE(has(printed.text, "torn tail behind")) << printed.text;
}

TEST(Check, DamagedBodyNamesTheMessage) {
  Filled filled;
  filled.box.close();
  filled.box.flip("000001.segment", filled.box.position("000001.segment", "The second body"));
  const Printed printed = run(check, filled.box);
  EXPECT_EQ(printed.status, 1);
  EXPECT_TRUE(has(printed.text, "message " + model::format_id(filled.second) + " is queued and cannot be read"));
  EXPECT_TRUE(has(printed.text, "Damaged: 1 stretches, 0 files, 1 messages.")) << printed.text;
}

TEST(Check, FileWithoutHeaderIsNamed) {
  Filled filled;
  filled.box.close();
  filled.box.flip("000001.segment", 0, 64);
  filled.box.flip("000001.segment", 4096, 64);
  const Printed printed = run(check, filled.box);
  EXPECT_EQ(printed.status, 1);
  EXPECT_TRUE(has(printed.text, "000001.segment: no whole header")) << printed.text;
}

TEST(Check, JsonHasWhatTheTextHas) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(check, filled.box, {.json = true});
  EXPECT_EQ(printed.status, 0);
  EXPECT_TRUE(has(printed.text, R"("sound":true,"messages":2,"recipients":2)")) << printed.text;
  EXPECT_TRUE(has(printed.text, R"("records":{"body":2,"envelope":2,"attempt":1,"final":1})")) << printed.text;
  EXPECT_TRUE(has(printed.text, R"("hint":"good")")) << printed.text;
}

TEST(Check, CountsOnlyTheNewerOfTwoCopies) {
  Filled filled;
  const auto survey_of = [&] { return survey(filled.box.disk, Box::kDir).value(); };
  filled.box.close();
  EXPECT_EQ(survey_of().messages, 2U);
  EXPECT_EQ(survey_of().segments.at(0).live_messages, 2U);
}

TEST(EachCommand, OpenSpoolIsRefused) {
  Filled filled;
  for (const Command command : {check, dump, repair}) {
    const Printed printed = run(command, filled.box);
    EXPECT_EQ(printed.status, 2);
    EXPECT_TRUE(has(printed.error, "is locked by another process")) << printed.error;
    EXPECT_EQ(printed.text, "");
  }
}

TEST(EachCommand, MissingFolderIsRefusedAndNotMade) {
  Box box;
  for (const Command command : {check, dump, repair}) EXPECT_EQ(run(command, box).status, 2);
  EXPECT_FALSE(box.disk.list(Box::kDir));
}

TEST(EachCommand, FolderThatIsNoSpoolIsRefusedAndLeftAsItIs) {
  Box box;
  ASSERT_TRUE(box.disk.make_folder(Box::kDir));
  ASSERT_TRUE(box.disk.open(box.path("1763968201.M1P1.host"), spool::OpenMode::Create));  // a maildir, say
  for (const Command command : {check, dump, repair}) {
    const Printed printed = run(command, box);
    EXPECT_EQ(printed.status, 2);
    EXPECT_TRUE(has(printed.error, "/spool is no spool")) << printed.error;
    EXPECT_EQ(printed.text, "");
  }
  EXPECT_EQ(box.disk.list(Box::kDir)->size(), 1U);
}

TEST(Dump, PrintsEveryRecord) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(dump, filled.box);
  EXPECT_EQ(printed.status, 0);
  EXPECT_EQ(std::count(printed.text.begin(), printed.text.end(), '\n'), 6);
  EXPECT_TRUE(has(printed.text, "final    " + model::format_id({filled.first, 0}))) << printed.text;
  EXPECT_TRUE(has(printed.text, R"("attempts":3)"));
  EXPECT_TRUE(has(printed.text, R"("recipients":["r0@d0.example","r1@d1.example"])"));
}

TEST(Dump, OfOneMessagePrintsItsRecordsOnly) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(dump, filled.box, {.json = true, .message = filled.second});
  EXPECT_EQ(std::count(printed.text.begin(), printed.text.end(), '\n'), 2);
  EXPECT_TRUE(has(printed.text, R"("type":"envelope","id":")" + model::format_id(filled.second)));
}

TEST(Dump, BodyIsWrittenAsItIs) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(dump, filled.box, {.message = filled.second, .body = true});
  EXPECT_EQ(printed.text, "Subject: seven\r\n\r\nThe second body.\r\n");
}

TEST(Dump, UnknownMessageIsRefused) {
  Filled filled;
  filled.box.close();
  const Printed printed = run(dump, filled.box, {.message = model::MessageId{1}});
  EXPECT_EQ(printed.status, 2);
  EXPECT_TRUE(has(printed.error, "has no record here")) << printed.error;
}

TEST(Repair, CutsTheTornTailAndWritesTheHint) {
  const Quiet quiet;
  Filled filled;
  filled.box.kill();
  filled.box.flip("000001.segment", filled.box.position("000001.segment", "450 4.2.1 later"));
  const Printed printed = run(repair, filled.box);
  EXPECT_EQ(printed.status, 0);
  EXPECT_TRUE(has(printed.text, "1 torn tails cut; 0 damaged")) << printed.text;
  EXPECT_TRUE(has(printed.text, "2 messages with")) << printed.text;
  EXPECT_EQ(filled.box.files(".hint").size(), 1U);
  EXPECT_EQ(run(check, filled.box).status, 0);
}

TEST(Repair, FindsDamageBehindAGoodHintAndSetsItAside) {
  const Quiet quiet;
  Filled filled;
  filled.box.close();
  filled.box.flip("000001.segment", filled.box.position("000001.segment", "The second body"));
  const Printed printed = run(repair, filled.box, {.json = true});
  EXPECT_EQ(printed.status, 1);
  EXPECT_TRUE(has(printed.text, R"("damaged_stretches":1,"messages":2,"recipients":2)")) << printed.text;
  EXPECT_EQ(filled.box.files(".bytes", filled.box.path("damaged")).size(), 1U);
  filled.box.open();
  EXPECT_EQ(filled.box.sink.found.size(), 2U);
  EXPECT_FALSE(filled.box.spool->read(filled.second));
  EXPECT_TRUE(filled.box.spool->read(filled.first));
}

}  // namespace
}  // namespace penstock::spool_tool
