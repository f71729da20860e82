// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/rng.h"
#include "eventlog/segment_compress.h"
#include "eventlog/segment_file.h"
#include "eventlog/segment_filter.h"
#include "eventlog/segment_format.h"
#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

TEST(SegmentName, ReadsWhatItWrites) {
  for (const Offset start : {Offset{0}, Offset{17}, ~Offset{0}}) {
    for (const auto suffix : {kPlainSuffix, kCompressedSuffix, kFilterSuffix}) {
      const std::string name = segment_name(start, suffix);
      const auto parsed = parse_segment_name(name);
      ASSERT_TRUE(parsed) << name;
      EXPECT_EQ(parsed->start, start);
      EXPECT_EQ(parsed->suffix, suffix);
    }
  }
  for (const std::string_view bad :
       {"", "lock", "0000000000.jsonl", "00000000000000000000", "0000000000000000000x.jsonl",
        "00000000000000000000.jsonl.new", "99999999999999999999.jsonl"}) {
    EXPECT_FALSE(parse_segment_name(bad)) << bad;
  }
}

class SegmentBlocks : public testing::Test {
 protected:
  SegmentBlocks() { std::filesystem::create_directory(folder_.options.dir); }
  // Writes a plain segment that begins at 1,000.
  void write(const std::string& lines) {
    put_contents(catalog_.path(1'000, kPlainSuffix), lines);
    segment_ = {1'000, lines.size(), SegmentState::Sealed, Time{}, Time{}, 0};
    catalog_.remove(1'000);
    catalog_.add(segment_);
  }
  std::string read_all() {
    auto file = SegmentFile::open(catalog_, segment_);
    EXPECT_TRUE(file);
    std::string all;
    std::string lines;
    Offset next = segment_.start;
    for (std::size_t block = 0; block < (*file)->blocks(); ++block) {
      const auto begin = (*file)->read_block(block, lines);
      EXPECT_TRUE(begin);
      if (lines.empty()) continue;
      EXPECT_EQ(*begin, next);
      EXPECT_EQ(lines.back(), '\n');
      EXPECT_EQ((*file)->block_of(*begin), block);
      next = *begin + lines.size();
      all += lines;
    }
    return all;
  }
  LogFolder folder_;
  Catalog catalog_{folder_.options.dir};
  Segment segment_;
};

TEST_F(SegmentBlocks, EveryLineIsInExactlyOneBlockPlainAndCompressed) {
  Rng rng(3);
  // Lines that end just at, before and after a block's border, and lines longer than a block.
  for (const std::size_t longest : {std::size_t{1}, std::size_t{300}, kBlockBytes / 2, kBlockBytes * 2}) {
    std::string lines;
    while (lines.size() < 4 * kBlockBytes) lines += std::string(rng.below(longest), 'x') + "\n";
    write(lines);
    EXPECT_EQ(read_all(), lines) << longest;
    const auto bytes = compress_segment(catalog_, segment_, 1);
    ASSERT_TRUE(bytes);
    segment_.state = SegmentState::Compressed;
    EXPECT_EQ(read_all(), lines) << longest;
  }
  for (const std::size_t at : {kBlockBytes - 2, kBlockBytes - 1, kBlockBytes, kBlockBytes + 1}) {
    const std::string lines = std::string(at, 'x') + "\n" + std::string(kBlockBytes, 'y') + "\nz\n";
    write(lines);
    EXPECT_EQ(read_all(), lines) << at;
  }
}

TEST_F(SegmentBlocks, FileShorterThanKnownIsDamaged) {
  write("a\nb\n");
  std::filesystem::resize_file(catalog_.path(1'000, kPlainSuffix), 2);
  auto file = SegmentFile::open(catalog_, segment_);
  ASSERT_TRUE(file);
  std::string lines;
  EXPECT_EQ((*file)->read_block(0, lines).error().code, make_error_code(Errc::Damaged));
  EXPECT_FALSE(compress_segment(catalog_, segment_, 1));
}

TEST_F(SegmentBlocks, LineWithoutEndIsDamaged) {
  write(std::string(kBlockMax + 2 * kBlockBytes, 'x') + "\n");
  auto file = SegmentFile::open(catalog_, segment_);
  std::string lines;
  EXPECT_EQ((*file)->read_block(0, lines).error().code, make_error_code(Errc::Damaged));
}

TEST(SegmentFilter, NamesTheBlocksOfEachKeyAndRarelyOthers) {
  LogFolder folder;
  std::filesystem::create_directory(folder.options.dir);
  constexpr std::uint32_t kBlocks = 100;
  constexpr std::uint32_t kKeys = 200;
  FilterBuilder builder;
  const auto key = [](std::uint32_t block, std::uint32_t i) {
    return recipient_key(fmt::format("u{}-{}@x", block, i));
  };
  for (std::uint32_t block = 0; block < kBlocks; ++block) {
    builder.begin_block();
    for (std::uint32_t i = 0; i < kKeys; ++i) builder.add(key(block, i));
    builder.add(key(block, 0));  // twice
    builder.add(message_key("01K8Q2R5VX3ZP"));
  }
  const SegmentFacts facts{17, 1'000'000, Time{std::chrono::seconds{5}}, Time{std::chrono::seconds{9}}};
  const std::string file = folder.path("f");
  put_contents(file, builder.finish(facts));
  EXPECT_EQ(*read_filter_facts(file), facts);
  std::uint64_t wrong = 0;
  for (std::uint32_t block = 0; block < kBlocks; ++block) {
    const auto blocks = ask_filter(file, key(block, block));
    ASSERT_TRUE(blocks);
    ASSERT_EQ(blocks->size(), kBlocks);
    EXPECT_TRUE((*blocks)[block]);
    wrong += static_cast<std::uint64_t>(std::count(blocks->begin(), blocks->end(), true)) - 1;
  }
  EXPECT_LT(wrong, kBlocks * kBlocks / 100);  // below 1 %; 0.3 % is what the sizes give
  const auto everywhere = ask_filter(file, message_key("01K8Q2R5VX3ZP"));
  EXPECT_EQ(std::count(everywhere->begin(), everywhere->end(), true), kBlocks);
}

TEST(SegmentFilter, KeysIgnoreCaseOfAsciiOnlyAndKindsDiffer) {
  EXPECT_EQ(recipient_key("Ann@Example.NET"), recipient_key("ann@example.net"));
  EXPECT_NE(recipient_key("\xC3\x84@x"), recipient_key("\xC3\xA4@x"));
  EXPECT_NE(recipient_key("01K8Q2R5VX3ZP"), message_key("01K8Q2R5VX3ZP"));
}

TEST(SegmentFilter, EmptySegmentHasAFilterThatRulesOutEverything) {
  LogFolder folder;
  std::filesystem::create_directory(folder.options.dir);
  FilterBuilder builder;
  put_contents(folder.path("f"), builder.finish({}));
  EXPECT_TRUE(ask_filter(folder.path("f"), 1)->empty());
}

TEST(SegmentFilter, DamageIsNoticed) {
  LogFolder folder;
  std::filesystem::create_directory(folder.options.dir);
  FilterBuilder builder;
  builder.begin_block();
  builder.add(recipient_key("a@x"));
  const std::string good = builder.finish({1, 2, Time{}, Time{}});
  const std::string file = folder.path("f");
  for (std::size_t i = 0; i < 64; ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    put_contents(file, bad);
    EXPECT_EQ(ask_filter(file, 1).error().code, make_error_code(Errc::Damaged)) << i;
    put_contents(file, good.substr(0, i));
    EXPECT_FALSE(read_filter_facts(file)) << i;
  }
  put_contents(file, good.substr(0, 64));
  EXPECT_FALSE(ask_filter(file, recipient_key("a@x")));
}

}  // namespace
}  // namespace penstock::eventlog
