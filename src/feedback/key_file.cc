// SPDX-License-Identifier: Apache-2.0
#include "feedback/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::feedback {
namespace {

constexpr std::size_t kFileBytesMax = 1024;

ReferenceKey new_key() {
  ReferenceKey key{};
  PENSTOCK_CHECK(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  return key;
}

std::string to_hex(const ReferenceKey& key) {
  std::string out;
  for (const std::uint8_t byte : key) out += fmt::format("{:02x}", byte);
  return out;
}

std::optional<ReferenceKey> from_hex(std::string_view hex) {
  ReferenceKey key{};
  if (hex.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = ascii::to_lower(hex[i]);
    if (!ascii::is_digit(c) && (c < 'a' || c > 'f')) return std::nullopt;
    const int digit = ascii::is_digit(c) ? c - '0' : c - 'a' + 10;
    key[i / 2] = static_cast<std::uint8_t>(key[i / 2] << 4 | digit);
  }
  return key;
}

Result<void> write_keys(const std::string& path, const ReferenceKeys& keys) {
  std::string text = "current " + to_hex(keys.current) + "\n";
  for (const ReferenceKey& key : keys.previous) text += "previous " + to_hex(key) + "\n";
  const std::string beside = path + ".new";
  (void)::unlink(beside.c_str());
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail_errno(errno, beside);
  const ssize_t written = ::write(file, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!whole) return fail_errno(written < 0 || error != 0 ? error : ENOSPC, beside);
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno(errno, path);
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return fail_errno(errno, folder);
  (void)::fsync(directory);
  ::close(directory);
  return {};
}

Result<ReferenceKeys> parse_keys(const std::string& path, std::string_view text) {
  ReferenceKeys keys;
  bool has_current = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    const std::size_t blank = line.find(' ');
    const auto key = blank == std::string_view::npos ? std::nullopt : from_hex(line.substr(blank + 1));
    const std::string_view name = line.substr(0, blank);
    if (!key || (name != "current" && name != "previous")) return fail(Errc::BadKeyFile, path);
    if (name == "current") {
      keys.current = *key;
      has_current = true;
    } else {
      if (keys.previous.size() == kPreviousKeysMax) return fail(Errc::BadKeyFile, path + " has too many keys");
      keys.previous.push_back(*key);
    }
  }
  if (!has_current) return fail(Errc::BadKeyFile, path);
  return keys;
}

Result<ReferenceKeys> load_keys(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return fail_errno(errno, path);
  struct stat status {};
  std::string text(kFileBytesMax, '\0');
  const bool private_file = ::fstat(file, &status) == 0 && (status.st_mode & 077) == 0;
  const ssize_t size = ::read(file, text.data(), text.size());
  const int error = errno;
  ::close(file);
  if (size < 0) return fail_errno(error, path);
  if (!private_file) return fail(Errc::BadKeyFile, path + " must be readable by its owner only (chmod 600)");
  text.resize(static_cast<std::size_t>(size));
  return parse_keys(path, text);
}

}  // namespace

Result<ReferenceKeys> load_or_make_keys(const std::string& path) {
  Result<ReferenceKeys> keys = load_keys(path);
  if (keys || keys.error().code != std::errc::no_such_file_or_directory) return keys;
  const ReferenceKeys made{new_key(), {}};
  if (auto written = write_keys(path, made); !written) return fail(written.error());
  return made;
}

Result<ReferenceKeys> rotate_keys(const std::string& path) {
  Result<ReferenceKeys> keys = load_or_make_keys(path);
  if (!keys) return keys;
  ReferenceKeys rotated{new_key(), std::move(keys->previous)};
  rotated.previous.insert(rotated.previous.begin(), keys->current);
  if (rotated.previous.size() > kPreviousKeysMax) rotated.previous.resize(kPreviousKeysMax);
  if (auto written = write_keys(path, rotated); !written) return fail(written.error());
  return rotated;
}

}  // namespace penstock::feedback
