// SPDX-License-Identifier: Apache-2.0
#include "spool/final_notes.h"

#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/crc32c.h"
#include "base/log.h"

namespace penstock::spool {
namespace {

static_assert(std::endian::native == std::endian::little, "the words of a note are stored as they are in memory");

constexpr std::size_t kWordsOfNote = 2;
// Summed with every note, so that zeros and bytes of other kinds are none.
constexpr std::uint64_t kKind = 0x3145544F4E4C4E46;

std::uint64_t second_word(std::uint64_t message, std::uint32_t index) {
  const std::uint64_t summed[3] = {kKind, message, index};
  const std::uint32_t sum = crc32c({reinterpret_cast<const char*>(summed), sizeof(summed)});
  return (std::uint64_t{sum} << 32) | index;
}

std::optional<model::RecipientId> decode(std::uint64_t first, std::uint64_t second) {
  const auto index = static_cast<std::uint32_t>(second);
  if (first == 0 || second_word(first, index) != second) return std::nullopt;
  return model::RecipientId{model::MessageId{first}, index};
}

std::vector<model::RecipientId> decode_all(std::string_view contents) {
  constexpr std::size_t kNoteBytes = kWordsOfNote * sizeof(std::uint64_t);
  std::vector<model::RecipientId> found;
  for (; contents.size() >= kNoteBytes; contents.remove_prefix(kNoteBytes)) {
    std::uint64_t words[kWordsOfNote];
    std::memcpy(words, contents.data(), kNoteBytes);
    if (const auto id = decode(words[0], words[1])) found.push_back(*id);
  }
  return found;
}

}  // namespace

FinalNotes::FinalNotes(FileSystem& files, const std::string& dir, std::uint64_t bytes) {
  if (auto opened = open(files, dir, bytes); !opened) {
    words_ = {};
    log::warn("spool", "without notes of what is finished, a kill repeats the deliveries just made: {}",
              opened.error().to_string());
  }
}

Result<> FinalNotes::open(FileSystem& files, const std::string& dir, std::uint64_t bytes) {
  auto opened = files.open(dir + "/" + kFileName, OpenMode::Create);
  if (!opened) return fail(opened.error());
  file_ = std::move(*opened);
  std::string contents(bytes, '\0');
  const auto read = file_->read_at(0, contents);
  if (!read) return fail(read.error());
  found_ = decode_all(std::string_view(contents).substr(0, *read));
  if (*read < bytes) {
    // Written, not just reserved: a store into a page that has no room on the disk would end the process.
    const auto missing = std::string_view(contents).substr(*read);
    if (auto written = file_->write_at(*read, std::span(&missing, 1)); !written) return written;
    if (auto synced = file_->sync(); !synced) return synced;
  }
  auto mapped = file_->map(bytes);
  if (!mapped) return fail(mapped.error());
  mapping_ = std::move(*mapped);
  const auto memory = mapping_->bytes();
  words_ = {reinterpret_cast<std::uint64_t*>(memory.data()), memory.size() / sizeof(std::uint64_t)};
  return {};
}

void FinalNotes::add(std::span<const model::RecipientId> finals) {
  if (words_.empty()) return;
  const std::uint64_t first = next_.fetch_add(finals.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < finals.size(); ++i) {
    const std::size_t at = (first + i) * kWordsOfNote % words_.size();
    const std::uint64_t message = finals[i].message.value;
    // A kill between the two leaves a sum that does not fit. Atomic, because a ring may be lapped.
    std::atomic_ref(words_[at]).store(message, std::memory_order_relaxed);
    std::atomic_ref(words_[at + 1]).store(second_word(message, finals[i].index), std::memory_order_relaxed);
  }
}

std::vector<model::RecipientId> read_final_notes(FileSystem& files, const std::string& dir) {
  const auto contents = read_file(files, dir + "/" + FinalNotes::kFileName, FinalNotes::kBytesMax);
  return contents ? decode_all(*contents) : std::vector<model::RecipientId>();
}

}  // namespace penstock::spool
