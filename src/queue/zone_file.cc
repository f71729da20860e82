// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "queue/errc.h"
#include "queue/zone_rules.h"

namespace penstock::queue {
namespace {

bool is_zone_name(std::string_view name) {
  constexpr std::string_view kOthers = "_+-/";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

Result<ZoneRules> load_zone(std::string_view name, std::string_view folder) {
  if (name == "UTC") return ZoneRules();
  const auto unknown = [&] { return fail(Errc::UnknownZone, "\"" + std::string(name) + "\""); };
  if (!is_zone_name(name)) return unknown();
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  std::error_code problem;
  if (!std::filesystem::is_regular_file(path, problem)) return unknown();  // "Europe" is a folder
  std::ifstream file(path, std::ios::binary);
  if (!file) return unknown();
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  auto rules = ZoneRules::parse(content);
  if (!rules) rules.error().detail.insert(0, std::string(name) + ": ");
  return rules;
}

}  // namespace penstock::queue
