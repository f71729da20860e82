// SPDX-License-Identifier: Apache-2.0
// Time zone information as RFC 8536 §3 lays it out: a header, a block with 32-bit times, and from version 2 on a second
// header, a block with 64-bit times and a footer. Only the second block is used when there is one.
#include "queue/zone_rules.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "queue/errc.h"

namespace penstock::queue {
namespace {

constexpr std::int32_t kOffsetMax = 26 * 3600;  // RFC 8536 §3.2
constexpr std::uint32_t kTransitionsMax = 100'000;
constexpr std::size_t kHeaderBytes = 44;

// Big-endian numbers from the front of a string that is long enough.
std::int64_t take_number(std::string_view& bytes, std::size_t width) {
  std::uint64_t value = width == 4 && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(width);
  return static_cast<std::int64_t>(value);
}

struct Header {
  char version = 0;
  std::int64_t is_utc = 0, is_standard = 0, leaps = 0, times = 0, types = 0, characters = 0;

  [[nodiscard]] std::int64_t block_bytes(int time_width) const {
    return times * (time_width + 1) + types * 6 + characters + leaps * (time_width + 4) + is_standard + is_utc;
  }
};

std::optional<Header> take_header(std::string_view& bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  Header header{.version = bytes[4]};
  bytes.remove_prefix(20);
  for (std::int64_t* count :
       {&header.is_utc, &header.is_standard, &header.leaps, &header.times, &header.types, &header.characters}) {
    *count = take_number(bytes, 4);
    if (*count < 0 || *count > kTransitionsMax) return std::nullopt;
  }
  if (header.types == 0 || header.types > 256) return std::nullopt;
  return header;
}

auto damaged(const char* what) {
  return fail(Errc::BadZone, what);
}

}  // namespace

Result<ZoneRules> ZoneRules::parse(std::string_view tzif) {
  std::string_view bytes = tzif;
  std::optional<Header> header = take_header(bytes);
  if (!header) return damaged("header");
  std::size_t width = 4;
  if (header->version >= '2') {
    const auto first_block = static_cast<std::size_t>(header->block_bytes(4));
    if (bytes.size() < first_block) return damaged("first block is cut");
    bytes.remove_prefix(first_block);
    header = take_header(bytes);
    if (!header) return damaged("second header");
    width = 8;
  }
  const auto block = static_cast<std::size_t>(header->block_bytes(static_cast<int>(width)));
  if (bytes.size() < block) return damaged("data block is cut");
  std::string_view rest = bytes.substr(block);

  const auto times = static_cast<std::size_t>(header->times);
  std::string_view indices = bytes.substr(times * width, times);
  std::string_view types = bytes.substr(times * (width + 1));
  std::vector<std::int32_t> offsets;
  for (std::int64_t i = 0; i < header->types; ++i) {
    const std::int64_t offset = take_number(types, 4);
    if (offset < -kOffsetMax || offset > kOffsetMax) return damaged("offset out of range");
    offsets.push_back(static_cast<std::int32_t>(offset));
    types.remove_prefix(2);  // whether it is daylight saving time, and its name
  }
  ZoneRules rules;
  rules.first_offset_ = offsets.front();
  for (std::size_t i = 0; i < times; ++i) {
    const std::int64_t at = take_number(bytes, width);
    const auto type = static_cast<unsigned char>(indices[i]);
    if (type >= offsets.size()) return damaged("transition of an unknown type");
    if (!rules.transitions_.empty() && at <= rules.transitions_.back().at) return damaged("transitions out of order");
    rules.transitions_.push_back({at, offsets[type]});
  }
  if (width == 4) return rules;

  if (rest.size() < 2 || rest.front() != '\n' || rest.find('\n', 1) == std::string_view::npos) return damaged("footer");
  rest = rest.substr(1, rest.find('\n', 1) - 1);
  auto footer = parse_footer(rest);
  if (!footer) return fail(footer.error());
  rules.footer_ = *footer;
  return rules;
}

std::int32_t ZoneRules::offset_at(std::int64_t utc) const {
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), utc,
                                      [](std::int64_t t, const Transition& transition) { return t < transition.at; });
  if (after == transitions_.end() && footer_) return footer_offset(*footer_, utc);
  return after == transitions_.begin() ? first_offset_ : std::prev(after)->offset;
}

std::int64_t ZoneRules::to_utc(std::int64_t local, Twice twice) const {
  // These two moments are before and after it whatever the offset, so they have the offsets of both sides of a change.
  const std::int64_t before = local - offset_at(local - kOffsetMax);
  const std::int64_t after = local - offset_at(local + kOffsetMax);
  const bool before_shows = before + offset_at(before) == local;
  const bool after_shows = after + offset_at(after) == local;
  if (before_shows && after_shows) return twice == Twice::First ? std::min(before, after) : std::max(before, after);
  return after_shows ? after : before;
}

}  // namespace penstock::queue
