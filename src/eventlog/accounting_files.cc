// SPDX-License-Identifier: Apache-2.0
#include "eventlog/accounting_files.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/log.h"
#include "eventlog/event_format.h"

namespace penstock::eventlog {
namespace {

constexpr std::string_view kFinished = ".csv";
constexpr std::string_view kPart = ".csv.part";
constexpr std::size_t kDateBytes = 12;  // "-2026-11-24-"

template <class Int>
bool read_number(std::string_view text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

// The number in "PREFIX-2026-11-24-000001SUFFIX".
std::optional<std::uint64_t> number_of(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  if (name.size() <= prefix.size() + kDateBytes) return std::nullopt;
  const std::string_view date = name.substr(prefix.size(), kDateBytes);
  if (date[0] != '-' || date[5] != '-' || date[8] != '-' || date[11] != '-') return std::nullopt;
  std::uint64_t number = 0;
  if (!read_number(name.substr(prefix.size() + kDateBytes), number)) return std::nullopt;
  return number;
}

}  // namespace

std::string format_place(const AccountingPlace& place) {
  return fmt::format("{} {} {} {} {}", place.number, place.name.empty() ? "-" : place.name, place.bytes,
                     place.started.time_since_epoch().count(), place.finished ? "finished" : "open");
}

std::optional<AccountingPlace> parse_place(std::string_view text) {
  AccountingPlace place;
  std::int64_t started = 0;
  if (!read_number(take_word(text), place.number)) return std::nullopt;
  place.name = take_word(text);
  if (!is_plain_name(place.name) || !read_number(take_word(text), place.bytes)) return std::nullopt;
  if (!read_number(take_word(text), started) || (text != "open" && text != "finished")) return std::nullopt;
  if (place.name == "-") place.name.clear();
  place.started = Time{Duration{started}};
  place.finished = text == "finished";
  return place;
}

AccountingFiles::AccountingFiles(std::string dir, std::string prefix, std::string header)
    : dir_(std::move(dir)), prefix_(std::move(prefix)), header_(std::move(header)) {}

std::string AccountingFiles::path(std::string_view name, std::string_view suffix) const {
  return fmt::format("{}/{}{}", dir_, name, suffix);
}

Result<AccountingFiles> AccountingFiles::open(std::string dir, std::string prefix,
                                              const std::optional<AccountingPlace>& place, std::string header) {
  if (auto made = make_folder(dir); !made) return fail(made.error());
  const auto names = list_folder(dir);
  if (!names) return fail(names.error());
  AccountingFiles files(std::move(dir), std::move(prefix), std::move(header));
  if (!place) {
    // Nothing says which files count: none is touched, and their numbers are not used again.
    for (const std::string& name : *names) {
      for (const std::string_view suffix : {kFinished, kPart}) {
        files.place_.number = std::max(files.place_.number, number_of(name, files.prefix_, suffix).value_or(0));
      }
    }
    return files;
  }
  files.place_ = *place;
  for (const std::string& name : *names) {
    if (number_of(name, files.prefix_, kPart).value_or(0) <= place->number) continue;
    if (auto removed = remove_file(files.dir_ + "/" + name); !removed) return fail(removed.error());
  }
  if (place->name.empty()) return files;
  if (auto resumed = files.resume(); !resumed) return fail(resumed.error());
  return files;
}

Result<> AccountingFiles::resume() {
  const std::string part = path(place_.name, kPart);
  const auto present = File::open_to_read(part);
  if (!present) {
    if (!place_.finished) log::warn("eventlog", "{} is gone; accounting goes on in a new file", part);
    place_.finished = true;
    return {};
  }
  if (place_.finished) {
    if (auto renamed = rename_file(part, path(place_.name, kFinished)); !renamed) return renamed;
    return sync_folder(dir_);
  }
  auto file = File::open_to_write(part);
  if (!file) return fail(file.error());
  const auto size = file->size();
  if (!size) return fail(size.error());
  if (*size < place_.bytes) {
    log::error("eventlog", "{} is {} bytes shorter than it was", part, place_.bytes - *size);
    place_.bytes = *size;
  }
  if (auto cut = file->truncate(place_.bytes); !cut) return cut;
  std::string start;
  if (auto read = file->read_at(0, header_.size(), start); !read) return read;
  file_ = std::move(*file);
  // Other columns than before: one file has one header.
  return start == header_ ? Result<>{} : finish();
}

Result<> AccountingFiles::begin_file(Time wall) {
  std::array<char, kTimeLength> date;
  format_time(date.data(), wall);
  std::string name = fmt::format("{}-{}-{:06}", prefix_, std::string_view(date.data(), 10), place_.number + 1);
  auto file = File::open_to_write(path(name, kPart));
  if (!file) return fail(file.error());
  if (auto emptied = file->truncate(0); !emptied) return emptied;
  if (auto written = file->write_at(0, header_); !written) return written;
  if (auto synced = sync_folder(dir_); !synced) return synced;
  file_ = std::move(*file);
  place_ = {place_.number + 1, std::move(name), header_.size(), wall, false};
  return {};
}

Result<> AccountingFiles::append(std::string_view records, Time wall) {
  if (records.empty()) return {};
  if (!file_) {
    if (auto begun = begin_file(wall); !begun) return begun;
  }
  if (auto written = file_->write_at(place_.bytes, records); !written) return written;
  place_.bytes += records.size();
  return {};
}

Result<> AccountingFiles::sync() {
  return file_ ? file_->sync() : Result<>{};
}

Result<> AccountingFiles::finish() {
  if (!file_) return {};
  if (auto renamed = rename_file(path(place_.name, kPart), path(place_.name, kFinished)); !renamed) return renamed;
  file_.reset();
  place_.finished = true;
  return sync_folder(dir_);
}

void AccountingFiles::remove_older(Time wall) const {
  const auto names = list_folder(dir_);
  if (!names) return;
  std::array<char, kTimeLength> text;
  format_time(text.data(), wall);
  const std::string_view first_kept(text.data(), 10);
  for (const std::string& name : *names) {
    if (!number_of(name, prefix_, kFinished)) continue;
    if (std::string_view(name).substr(prefix_.size() + 1, 10) >= first_kept) continue;
    if (auto removed = remove_file(dir_ + "/" + name); !removed) {
      log::warn("eventlog", "{}", removed.error().to_string());
    }
  }
}

}  // namespace penstock::eventlog
