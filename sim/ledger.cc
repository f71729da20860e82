// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <unordered_map>

namespace penstock::sim {
namespace {

constexpr std::size_t kShown = 100;

// "sim-id recipient": the first two words of a line, in both files.
std::string key_of(const std::string& line) {
  const std::size_t first = line.find(' ');
  return first == std::string::npos ? line : line.substr(0, line.find(' ', first + 1));
}

struct Seen {
  bool acknowledged = false;
  std::uint32_t arrivals = 0;
};

}  // namespace

Ledger::~Ledger() {
  if (fd_ >= 0) ::close(fd_);
}

Result<> Ledger::open(const std::string& path) {
  path_ = path;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) return fail_errno(errno, "opening " + path);
  return {};
}

void Ledger::add(std::string_view sim_id, std::string_view recipient) {
  const std::lock_guard lock(mutex_);
  lines_.append(sim_id).append(" ").append(recipient).append("\n");
}

Result<> Ledger::flush() {
  const std::lock_guard lock(mutex_);
  std::string_view rest = lines_;
  while (!rest.empty() && fd_ >= 0) {
    const ssize_t done = ::write(fd_, rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "writing " + path_);
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  lines_.clear();
  return {};
}

Result<Comparison> compare(const std::string& ledger, const std::string& received) {
  Comparison result;
  std::unordered_map<std::string, Seen> all;
  std::ifstream acknowledged(ledger);
  if (!acknowledged) return fail_errno(errno, "reading " + ledger);
  for (std::string line; std::getline(acknowledged, line);) {
    all[key_of(line)].acknowledged = true;
    ++result.acknowledged;
  }
  std::ifstream arrivals(received);
  if (!arrivals) return fail_errno(errno, "reading " + received);
  for (std::string line; std::getline(arrivals, line);) {
    ++result.received;
    if (line.starts_with("- ")) continue;  // no sim id: not from the load generator
    const std::string key = key_of(line);
    Seen& seen = all[key];
    if (++seen.arrivals == 1) {
      if (!seen.acknowledged) ++result.unacknowledged;
      continue;
    }
    ++result.duplicates;
    if (result.twice_first.size() < kShown) result.twice_first.push_back(key);
  }
  for (const auto& [key, seen] : all) {
    if (!seen.acknowledged || seen.arrivals > 0) continue;
    ++result.lost;
    if (result.lost_first.size() < kShown) result.lost_first.push_back(key);
  }
  return result;
}

}  // namespace penstock::sim
