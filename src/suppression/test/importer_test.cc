// SPDX-License-Identifier: Apache-2.0
#include "suppression/importer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "src/suppression/test/store.h"

namespace penstock::suppression {
namespace {

ImportStatus import_text(Store& store, std::string text, Entry defaults = {}) {
  ImportRequest request;
  request.text = std::move(text);
  request.folder = store.folder();
  request.defaults = std::move(defaults);
  Importer importer(*store, std::move(request));
  importer.run();
  return importer.status();
}

TEST(Importer, GoodLinesAreTakenAndBadOnesNumbered) {
  Store store;
  const ImportStatus status =
      import_text(store, "\n# list\naddress,cause\na@x.example,complaint\nnobody\n\nb@x.example,tired\nc@x.example\n");
  EXPECT_EQ(status.step, ImportStep::Done);
  EXPECT_EQ(status.progress, 1);
  EXPECT_EQ(status.good, 2U);
  EXPECT_EQ(status.bad, 2U);
  EXPECT_EQ(status.added.added, 2U);
  ASSERT_EQ(status.bad_lines.size(), 2U);
  EXPECT_EQ(status.bad_lines[0].line, 5U);
  EXPECT_EQ(status.bad_lines[1].line, 7U);
  EXPECT_NE(status.bad_lines[1].reason.find("tired"), std::string::npos);
  EXPECT_EQ(store.cause("a@x.example"), "complaint");
  EXPECT_EQ(store.cause("c@x.example"), "operator");
}

TEST(Importer, TheSameAgainChangesNothing) {
  Store store;
  const std::string text = "{\"address\":\"a@x.example\",\"note\":\"n\"}\n{\"address\":\"@y.example\"}\n";
  EXPECT_EQ(import_text(store, text).added.added, 2U);
  const std::uint64_t cursor = store->changes(0, 10)->cursor;
  const ImportStatus again = import_text(store, text);
  EXPECT_EQ(again.added.unchanged, 2U);
  EXPECT_EQ(again.added.added + again.added.changed, 0U);
  EXPECT_TRUE(store->changes(cursor, 10)->rows.empty());
}

TEST(Importer, WhatIsPastIsUnchangedTheSecondTime) {
  Store store;
  const std::string text = "address,cause,until\na@x.example,policy,2020-01-01\nb@x.example,complaint,2020-01-01\n";
  EXPECT_EQ(import_text(store, text).added.added, 2U);
  EXPECT_EQ(import_text(store, text).added.unchanged, 2U);
  // Once it is to hold again, it does.
  EXPECT_EQ(import_text(store, "address,cause,until\na@x.example,policy,\n").added.changed, 1U);
  EXPECT_EQ(store.cause("a@x.example"), "policy");
}

TEST(Importer, FieldMayHaveLineBreaks) {
  Store store;
  const std::string text =
      "address,note,cause\r\na@x.example,\"first\r\nsecond, \"\"third\"\"\",complaint\r\nb@x.example,n,policy\r\n";
  const ImportStatus status = import_text(store, text);
  EXPECT_EQ(status.bad, 0U);
  EXPECT_EQ(status.good, 2U);
  EXPECT_EQ(store.cause("a@x.example"), "complaint");
  EXPECT_EQ(store->changes(0, 10)->rows.front().entry.note, "first second, \"third\"");
  EXPECT_EQ(import_text(store, text).added.unchanged, 2U);
}

TEST(Importer, QuoteThatIsNeverClosedIsOneBadLine) {
  for (const char* rest : {"b@x.example,n\nc@x.example,\"n\"\n", "b@x.example\n\"c@x.example\",n\n"}) {
    Store store;
    const ImportStatus status = import_text(store, std::string("address,note\na@x.example,\"n\n") + rest);
    EXPECT_EQ(status.good, 2U) << rest;
    ASSERT_EQ(status.bad_lines.size(), 1U) << rest;
    EXPECT_EQ(status.bad_lines[0].line, 2U) << rest;
    EXPECT_EQ(store.cause("c@x.example"), "operator");
  }
  Store store;
  std::string many = "address,note\na@x.example,\"n\n";
  for (int i = 0; i < 1000; ++i) many += "u" + std::to_string(i) + "@x.example,n\n";
  EXPECT_EQ(import_text(store, many).good, 1000U);
}

TEST(Importer, OfOneAddressTheLastLineCounts) {
  Store store;
  import_text(store, "a@x.example,,complaint\na@x.example,stream:news,policy\nA@x.example,,unsubscribe\n");
  EXPECT_EQ(store->size(), 2U);
  EXPECT_EQ(store.cause("a@x.example"), "unsubscribe");
}

TEST(Importer, LargeFileGoesThroughPartsOnDisk) {
  Store store;
  const std::string path = store.folder() + "/large.csv";
  constexpr int kLines = 200'000;
  {
    std::ofstream file(path);
    file << "address,note\n";
    for (int i = 0; i < kLines; ++i)
      file << "user" << i << "@domain" << i % 500 << ".example," << std::string(40, 'n') << '\n';
    file << "the last line has no end, nor an address";
  }
  ImportRequest request;
  request.path = path;
  request.folder = store.folder();
  Importer importer(*store, request);
  importer.run();
  const ImportStatus status = importer.status();
  EXPECT_EQ(status.step, ImportStep::Done) << status.detail;
  EXPECT_EQ(status.added.added, static_cast<std::uint64_t>(kLines));
  ASSERT_EQ(status.bad, 1U);
  EXPECT_EQ(status.bad_lines[0].line, kLines + 2U);
  EXPECT_EQ(store->size(), static_cast<std::uint64_t>(kLines));
  for (int i = 0; i < kLines; i += 9'973) {
    EXPECT_EQ(store.cause("user" + std::to_string(i) + "@domain" + std::to_string(i % 500) + ".example"), "operator");
  }
  for (const auto& item : std::filesystem::directory_iterator(store.folder())) {
    EXPECT_EQ(item.path().filename().string().find("import-"), std::string::npos) << "left behind: " << item.path();
  }
}

TEST(Importer, WhatIsLearnedWhileTheFilterGrowsIsNotMissed) {
  Store store;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "user" + std::to_string(i) + "@x.example\n";
  ImportRequest request;
  request.text = text;
  Importer importer(*store, request);
  std::thread worker([&importer] { importer.run(); });
  int learned = 0;
  for (; importer.status().step <= ImportStep::Writing; ++learned) {
    store.add("learned" + std::to_string(learned) + "@y.example", Cause::InvalidMailbox);
  }
  worker.join();
  for (int i = 0; i < learned; ++i) {
    EXPECT_EQ(store.cause("learned" + std::to_string(i) + "@y.example"), "invalid-mailbox");
  }
  EXPECT_EQ(store->size(), 20'000U + static_cast<unsigned>(learned));
}

TEST(Importer, EndlessLineIsOneBadLine) {
  Store store;
  const std::string path = store.folder() + "/long.csv";
  std::ofstream(path) << "a@x.example\n" << std::string(5 << 20, 'x') << "\nb@x.example\n";
  ImportRequest request;
  request.path = path;
  request.folder = store.folder();
  Importer importer(*store, request);
  importer.run();
  EXPECT_EQ(importer.status().good, 2U);
  ASSERT_EQ(importer.status().bad, 1U);
  EXPECT_EQ(importer.status().bad_lines[0].line, 2U);
}

TEST(Importer, MissingFileFailsInWords) {
  Store store;
  for (const std::string& path : {std::string("/nonexistent.csv"), store.folder()}) {
    ImportRequest request;
    request.path = path;
    request.folder = store.folder();
    Importer importer(*store, request);
    importer.run();
    EXPECT_EQ(importer.status().step, ImportStep::Failed);
    EXPECT_NE(importer.status().detail.find(path), std::string::npos);
  }
}

TEST(Importer, CancelledOneWritesNothingMore) {
  Store store;
  ImportRequest request;
  request.text = "a@x.example\n";
  Importer importer(*store, request);
  importer.cancel();
  importer.run();
  EXPECT_EQ(importer.status().step, ImportStep::Cancelled);
  EXPECT_EQ(store->size(), 0U);
}

}  // namespace
}  // namespace penstock::suppression
