// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/report_source.h"

#include <algorithm>
#include <filesystem>

namespace penstock::cli {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

// ">From ", ">>From ", … as mboxrd writes a line that began one '>' shorter.
bool is_quoted_from(std::string_view line) {
  const std::size_t first = line.find_first_not_of('>');
  return first != 0 && first != std::string_view::npos && line.substr(first).starts_with("From ");
}

}  // namespace

Result<std::unique_ptr<ReportSource>> ReportSource::open(const std::string& path) {
  std::unique_ptr<ReportSource> source(new ReportSource());
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (!fs::exists(path, error))
      return fail(error ? error : make_error_code(std::errc::no_such_file_or_directory), path);
    source->files_.push_back(path);
  } else {
    fs::recursive_directory_iterator entry(path, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry->is_directory() && (is_hidden(entry->path()) || entry->path().filename() == "tmp")) {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && !is_hidden(entry->path())) {
        source->files_.push_back(entry->path().string());
      }
    }
    if (error) return fail(error, path);
    std::sort(source->files_.begin(), source->files_.end());
  }
  for (const std::string& file : source->files_) {
    const auto size = fs::file_size(file, error);
    if (!error) source->bytes_ += size;
  }
  return source;
}

bool ReportSource::open_next_file() {
  while (next_file_ < files_.size()) {
    file_ = std::ifstream(files_[next_file_++], std::ios::binary);
    std::string line;
    if (!file_.is_open() || file_.peek() == std::ifstream::traits_type::eof()) {
      ++unreadable_;
      continue;
    }
    std::string start(5, '\0');
    file_.read(start.data(), 5);
    mbox_ = start == "From ";
    file_.clear();
    file_.seekg(0);
    if (mbox_) {
      std::getline(file_, line);
      bytes_done_ += line.size() + 1;
    }
    return true;
  }
  return false;
}

void ReportSource::take_line(std::string& message, const std::string& line) {
  if (message.size() + line.size() > kMessageBytesMax) return;
  message += mbox_ && is_quoted_from(line) ? line.substr(1) : line;
  message += '\n';
}

bool ReportSource::next(std::string& message) {
  message.clear();
  while (true) {
    if (!file_.is_open() && !open_next_file()) return false;
    for (std::string line; std::getline(file_, line);) {
      bytes_done_ += line.size() + 1;
      if (mbox_ && line.starts_with("From ")) {
        if (!message.empty()) return true;
        continue;
      }
      take_line(message, line);
    }
    file_.close();
    if (!message.empty()) return true;
  }
}

double ReportSource::share() const {
  return bytes_ == 0 ? 1 : std::min(1.0, static_cast<double>(bytes_done_) / static_cast<double>(bytes_));
}

}  // namespace penstock::cli
