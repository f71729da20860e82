// SPDX-License-Identifier: Apache-2.0
#include "suppression/importer.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <future>

#include "base/ascii.h"
#include "suppression/import_parts.h"

namespace penstock::suppression {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::size_t kPortion = 5'000;
constexpr double kShareOfReading = 0.35;  // of the whole time, for the progress bar

}  // namespace

Importer::Importer(Suppression& list, ImportRequest request) : list_(list), request_(std::move(request)) {}

Importer::~Importer() = default;

ImportStatus Importer::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Importer::end(ImportStep step, std::string detail) {
  const std::lock_guard lock(mutex_);
  status_.step = step;
  status_.detail = std::move(detail);
  if (step == ImportStep::Done) status_.progress = 1;
}

void Importer::run() {
  std::uint64_t bytes = request_.text.size();
  if (!request_.path.empty()) {
    struct stat info {};
    if (::stat(request_.path.c_str(), &info) == 0) bytes = static_cast<std::uint64_t>(info.st_size);
  }
  auto parts = Parts::make(bytes, request_.folder);
  Result<> done = parts ? read(**parts) : fail(parts.error());
  if (done && !cancelled_) done = write(**parts);
  if (!done) return end(ImportStep::Failed, done.error().detail + ": " + done.error().code.message());
  end(cancelled_ ? ImportStep::Cancelled : ImportStep::Done, "");
}

Result<> Importer::read(Parts& parts) {
  line_ = request_.first_line - 1;
  if (!request_.path.empty()) return read_file(parts);
  std::string_view rest = request_.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    take_line(rest.substr(0, end), parts);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  give_up_record(parts);
  return {};
}

Result<> Importer::read_file(Parts& parts) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(request_.path.c_str(), "rbe"));
  if (!file) return fail_errno(errno, request_.path);
  struct stat info {};
  if (::fstat(fileno(file.get()), &info) == 0 && !S_ISREG(info.st_mode)) {
    return fail(Errc::BadFile, request_.path + " is not a file");
  }
  std::string buffer;
  std::uint64_t read = 0;
  bool skipping = false;  // within a line that is longer than any may be
  while (!cancelled_) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + kReadBytes);
    const std::size_t got = std::fread(buffer.data() + kept, 1, kReadBytes, file.get());
    buffer.resize(kept + got);
    if (got == 0 && std::ferror(file.get()) != 0) return fail_errno(EIO, request_.path);
    read += got;
    std::size_t begin = 0;
    for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', begin)) {
      if (!skipping) take_line(std::string_view(buffer).substr(begin, end - begin), parts);
      skipping = false;
      begin = end + 1;
    }
    buffer.erase(0, begin);
    if (buffer.size() > LineReader::kLineMax) {
      if (!skipping) take_line(buffer, parts);  // too long, and said to be
      skipping = true;
      buffer.clear();
    }
    if (got == 0) {
      if (!buffer.empty() && !skipping) take_line(buffer, parts);
      give_up_record(parts);
      break;
    }
    const std::lock_guard lock(mutex_);
    if (info.st_size > 0)
      status_.progress = kShareOfReading * static_cast<double>(read) / static_cast<double>(info.st_size);
  }
  return {};
}

void Importer::take_line(std::string_view line, Parts& parts) {
  ++line_;
  if (!reader_) {
    const std::string_view text = ascii::trim(line);
    if (text.empty() || text.starts_with('#')) return;
    const Format format = request_.format.value_or(format_of(line));
    csv_ = format == Format::Csv;
    reader_.emplace(format, request_.defaults, list_.rules());
  }
  if (!csv_ || (record_.empty() && (line.find('"') == std::string_view::npos || !goes_on(line)))) {
    return take_record(line, line_, parts);
  }
  record_.push_back(std::string(line));
  std::string whole;
  for (const std::string& each : record_) whole += (whole.empty() ? "" : "\n") + each;
  if (whole.size() > LineReader::kLineMax) return give_up_record(parts);
  if (goes_on(whole)) return;
  // Of a quote that one line forgot to close, the next one is the end, and something follows: both are what they were.
  if (!reader_->read(whole)) return give_up_record(parts);
  record_.clear();
  take_record(whole, line_, parts);
}

// A quote was opened and never closed: that line is bad, those after it are read for themselves.
void Importer::give_up_record(Parts& parts) {
  const std::vector<std::string> lines = std::move(record_);
  record_.clear();
  std::uint64_t number = line_ - lines.size();
  for (const std::string& line : lines) take_record(line, ++number, parts);
}

void Importer::take_record(std::string_view line, std::uint64_t number, Parts& parts) {
  auto entry = reader_->read(line);
  Result<> taken;
  if (entry && *entry) taken = parts.add(**entry, hash_address((*entry)->address));
  const std::lock_guard lock(mutex_);
  ++status_.lines;
  if (entry && taken) {
    if (*entry) ++status_.good;
    return;
  }
  ++status_.bad;
  const Error& error = entry ? taken.error() : entry.error();
  if (status_.bad_lines.size() < ImportStatus::kBadLinesKept) status_.bad_lines.push_back({number, error.detail});
}

Result<> Importer::write(Parts& parts) {
  const std::uint64_t good = status().good;
  {
    const std::lock_guard lock(mutex_);
    status_.step = ImportStep::Writing;
  }
  // One filter for all that is to come, instead of one after the other.
  list_.grow(list_.size() + good);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto entries = parts.take(i);
    if (!entries) return fail(entries.error());
    for (std::size_t at = 0; at < entries->size() && !cancelled_; at += kPortion) {
      const auto first = entries->begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = entries->begin() + static_cast<std::ptrdiff_t>(std::min(at + kPortion, entries->size()));
      std::vector<Entry> portion(std::make_move_iterator(first), std::make_move_iterator(last));
      if (auto done = write_portion(std::move(portion)); !done) return done;
      const std::lock_guard lock(mutex_);
      status_.progress = kShareOfReading + (1 - kShareOfReading) * static_cast<double>(written_) /
                                               static_cast<double>(std::max<std::uint64_t>(good, 1));
    }
  }
  return {};
}

Result<> Importer::write_portion(std::vector<Entry> entries) {
  written_ += entries.size();
  auto added = list_.add(std::move(entries), Overwrite::Always);
  if (!added) return fail(added.error());
  const std::lock_guard lock(mutex_);
  status_.added.added += added->added;
  status_.added.changed += added->changed;
  status_.added.unchanged += added->unchanged;
  return {};
}

}  // namespace penstock::suppression
