// SPDX-License-Identifier: Apache-2.0
#include "config/surroundings.h"

#include <glob.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace penstock::config {
namespace {

constexpr std::uintmax_t kMostBytes = 16U << 20U;

}  // namespace

tl::expected<std::string, std::string> Machine::read_file(const std::string& path) const {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return tl::unexpected(error ? error.message() : std::string("no such file"));
  if (!std::filesystem::is_regular_file(status)) return tl::unexpected(std::string("not a regular file"));
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kMostBytes) return tl::unexpected(std::string("larger than 16 MiB"));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(error ? 0 : size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file)
    return tl::unexpected(errno != 0 ? std::generic_category().message(errno) : std::string("could not be read"));
  return text;
}

std::vector<std::string> Machine::find_files(const std::string& pattern) const {
  std::vector<std::string> files;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return files;
}

std::string Machine::host_name() const {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace penstock::config
