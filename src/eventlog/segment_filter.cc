// SPDX-License-Identifier: Apache-2.0
#include "eventlog/segment_filter.h"

#include <algorithm>
#include <bit>

#include "base/ascii.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "eventlog/file.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

constexpr std::size_t kHeaderBytes = 64;
constexpr std::uint32_t kRowsMin = 512;
constexpr std::uint32_t kRowsMax = 1U << 24;
constexpr std::uint32_t kBlocksMax = 1U << 20;

struct Header {
  SegmentFacts facts;
  std::uint32_t rows = 0;
  std::uint32_t blocks = 0;
  std::uint32_t probes = 0;
  [[nodiscard]] std::uint64_t row_bytes() const { return (blocks + 7) / 8; }
};

// FNV-1a over the bytes in lower case, then the finishing steps of splitmix64 to spread it over all bits.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t h = 0xCBF29CE484222325ULL ^ seed;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(ascii::to_lower(c))) * 0x100000001B3ULL;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ULL;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBULL;
  return h ^ (h >> 31);
}

std::uint64_t row_of(std::uint64_t key, std::uint32_t probe, std::uint32_t rows) {
  return (key + probe * (std::rotl(key, 32) | 1)) % rows;
}

std::string make_header(const Header& h) {
  std::string out;
  put_number(out, kFilterMagic);
  put_number(out, h.facts.start);
  put_number(out, h.facts.bytes);
  put_number(out, h.facts.first.time_since_epoch().count());
  put_number(out, h.facts.last.time_since_epoch().count());
  put_number(out, h.rows);
  put_number(out, h.blocks);
  put_number(out, h.probes);
  out.resize(kHeaderBytes - 4);
  put_number(out, crc32c(out));
  return out;
}

Result<Header> read_header(const File& file) {
  std::string bytes;
  if (auto read = file.read_at(0, kHeaderBytes, bytes); !read) return fail(read.error());
  const auto damaged = [&file] { return fail(Errc::Damaged, file.path()); };
  if (bytes.size() != kHeaderBytes || number_at<std::uint64_t>(bytes, 0) != kFilterMagic) return damaged();
  if (number_at<std::uint32_t>(bytes, kHeaderBytes - 4) !=
      crc32c(std::string_view(bytes).substr(0, kHeaderBytes - 4))) {
    return damaged();
  }
  Header h;
  h.facts.start = number_at<std::uint64_t>(bytes, 8);
  h.facts.bytes = number_at<std::uint64_t>(bytes, 16);
  h.facts.first = Time{Duration{number_at<std::int64_t>(bytes, 24)}};
  h.facts.last = Time{Duration{number_at<std::int64_t>(bytes, 32)}};
  h.rows = number_at<std::uint32_t>(bytes, 40);
  h.blocks = number_at<std::uint32_t>(bytes, 44);
  h.probes = number_at<std::uint32_t>(bytes, 48);
  const bool sane = h.rows > 0 && h.rows <= kRowsMax && h.blocks <= kBlocksMax && h.probes > 0 && h.probes <= 64;
  if (!sane) return damaged();
  return h;
}

}  // namespace

std::uint64_t recipient_key(std::string_view escaped_address) {
  return hash(escaped_address, 0);
}
std::uint64_t message_key(std::string_view id) {
  return hash(id, 1);
}

void FilterBuilder::add(std::uint64_t key) {
  PENSTOCK_CHECK(blocks_ > 0);
  entries_.push_back({blocks_ - 1, key});
}

std::string FilterBuilder::finish(const SegmentFacts& facts) {
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
  std::vector<std::uint32_t> keys(blocks_);
  for (const Entry& entry : entries_) ++keys[entry.block];
  const std::uint32_t keys_max = keys.empty() ? 0 : *std::max_element(keys.begin(), keys.end());
  Header header{facts, std::clamp(keys_max * kFilterBitsPerKey, kRowsMin, kRowsMax), blocks_, kFilterProbes};
  std::string out = make_header(header);
  out.resize(kHeaderBytes + header.rows * header.row_bytes());
  for (const Entry& entry : entries_) {
    for (std::uint32_t probe = 0; probe < kFilterProbes; ++probe) {
      const std::uint64_t row = row_of(entry.key, probe, header.rows);
      char& byte = out[kHeaderBytes + row * header.row_bytes() + entry.block / 8];
      byte = static_cast<char>(byte | (1U << (entry.block % 8)));
    }
  }
  return out;
}

Result<SegmentFacts> read_filter_facts(const std::string& path) {
  const auto file = File::open_to_read(path);
  if (!file) return fail(file.error());
  const auto header = read_header(*file);
  if (!header) return fail(header.error());
  return header->facts;
}

Result<std::vector<bool>> ask_filter(const std::string& path, std::uint64_t key) {
  const auto file = File::open_to_read(path);
  if (!file) return fail(file.error());
  const auto header = read_header(*file);
  if (!header) return fail(header.error());
  std::string all(header->row_bytes(), '\xFF');
  std::string row;
  for (std::uint32_t probe = 0; probe < header->probes; ++probe) {
    const std::uint64_t at = kHeaderBytes + row_of(key, probe, header->rows) * header->row_bytes();
    if (auto read = file->read_at(at, all.size(), row); !read) return fail(read.error());
    if (row.size() != all.size()) return fail(Errc::Damaged, path);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(all[i] & row[i]);
  }
  std::vector<bool> blocks(header->blocks);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    blocks[i] = ((static_cast<unsigned char>(all[i / 8]) >> (i % 8)) & 1) != 0;
  return blocks;
}

}  // namespace penstock::eventlog
