// SPDX-License-Identifier: Apache-2.0
#include "app/pause_book.h"

#include <algorithm>
#include <boost/json.hpp>

#include "spool/file_system.h"

namespace penstock::app {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kFileBytesMax = 16U << 20;

json::object to_json(const api::Pause& pause) {
  const api::Selection& s = pause.selection;
  return {{"stream", s.stream},
          {"tenant", s.tenant},
          {"campaign", s.campaign},
          {"domain", s.domain},
          {"provider", s.provider},
          {"vmta", s.vmta},
          {"path", s.path},
          {"all", s.all},
          {"reason", pause.reason},
          {"by", pause.by},
          {"since_us", pause.since.time_since_epoch().count()},
          {"until_us", pause.until.time_since_epoch().count()}};
}

std::string text(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Time time(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_int64() ? Time{Duration{value->get_int64()}} : Time{};
}

api::Pause from_json(const json::object& from) {
  api::Pause pause;
  api::Selection& s = pause.selection;
  s.stream = text(from, "stream");
  s.tenant = text(from, "tenant");
  s.campaign = text(from, "campaign");
  s.domain = text(from, "domain");
  s.provider = text(from, "provider");
  s.vmta = text(from, "vmta");
  s.path = text(from, "path");
  const json::value* all = from.if_contains("all");
  s.all = all != nullptr && all->is_bool() && all->get_bool();
  pause.reason = text(from, "reason");
  pause.by = text(from, "by");
  pause.since = time(from, "since_us");
  pause.until = time(from, "until_us");
  return pause;
}

}  // namespace

Result<> PauseBook::load() {
  spool::PosixFileSystem files;
  const auto contents = spool::read_file(files, path_, kFileBytesMax);
  if (!contents) {
    if (contents.error().code.value() == ENOENT) return {};
    return fail(contents.error());
  }
  boost::system::error_code error;
  const json::value parsed = json::parse(*contents, error);
  if (error || !parsed.is_array()) {
    const std::string aside = path_ + ".damaged";
    (void)files.rename(path_, aside);  // or the next save would overwrite what a person may still read
    return fail(std::make_error_code(std::errc::illegal_byte_sequence),
                path_ + " is damaged: pauses of the last run are lost; it was moved to " + aside);
  }
  const std::lock_guard lock(mutex_);
  for (const json::value& one : parsed.get_array()) {
    if (one.is_object()) entries_.push_back({++last_id_, from_json(one.get_object())});
  }
  return {};
}

PauseBook::Entry PauseBook::add(api::Pause pause) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({++last_id_, std::move(pause)});
  return entries_.back();
}

std::vector<PauseBook::Entry> PauseBook::remove(const api::Selection& selection) {
  const std::lock_guard lock(mutex_);
  const auto stays = [&](const Entry& entry) { return !selection.all && !(entry.pause.selection == selection); };
  const auto middle = std::stable_partition(entries_.begin(), entries_.end(), stays);
  std::vector<Entry> removed(std::make_move_iterator(middle), std::make_move_iterator(entries_.end()));
  entries_.erase(middle, entries_.end());
  return removed;
}

std::vector<PauseBook::Entry> PauseBook::list(Time now) const {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_,
                [now](const Entry& entry) { return entry.pause.until != Time{} && entry.pause.until <= now; });
  return entries_;
}

Result<> PauseBook::save() const {
  json::array all;
  for (const Entry& entry : list()) all.push_back(to_json(entry.pause));
  spool::PosixFileSystem files;
  const std::size_t slash = path_.rfind('/');
  return spool::replace_file(files, path_.substr(0, slash), path_.substr(slash + 1), json::serialize(all));
}

}  // namespace penstock::app
