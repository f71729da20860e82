// SPDX-License-Identifier: Apache-2.0
#include "eventlog/cursor_file.h"

#include <fmt/format.h>

#include <charconv>

#include "base/crc32c.h"
#include "eventlog/event_line.h"
#include "eventlog/file.h"

namespace penstock::eventlog {
namespace {

constexpr std::string_view kMagic = "penstock-cursor-1";

template <class Int>
bool read_number(std::string_view text, Int& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<std::optional<StoredCursor>> load_cursor_file(const std::string& dir, std::string_view name) {
  if (!is_plain_name(name)) return fail(Errc::BadOption, "cursor name \"" + std::string(name) + "\"");
  const std::string path = dir + "/" + std::string(name);
  const auto contents = read_file(path);
  if (!contents && is_absent(contents.error())) return std::nullopt;
  if (!contents) return fail(contents.error());
  std::string_view rest = *contents;
  const std::string_view magic = take_line(rest);
  StoredCursor cursor;
  std::uint32_t checksum = 0;
  const bool offset_read = read_number(take_line(rest), cursor.offset, 10);
  cursor.note = take_line(rest);
  const std::string_view covered(contents->data(), contents->size() - rest.size());
  if (magic != kMagic || !offset_read || !read_number(take_line(rest), checksum, 16) || checksum != crc32c(covered)) {
    return fail(Errc::Damaged, path + ": remove it to begin with the oldest event");
  }
  return cursor;
}

Result<> store_cursor_file(const std::string& dir, std::string_view name, const StoredCursor& cursor) {
  if (!is_plain_name(name)) return fail(Errc::BadOption, "cursor name \"" + std::string(name) + "\"");
  if (cursor.note.find('\n') != std::string::npos) return fail(Errc::BadOption, "a cursor's note is one line");
  std::string contents = fmt::format("{}\n{}\n{}\n", kMagic, cursor.offset, cursor.note);
  contents += fmt::format("{:08x}\n", crc32c(contents));
  return write_file(dir + "/" + std::string(name), contents);
}

}  // namespace penstock::eventlog
