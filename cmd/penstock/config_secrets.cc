// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/config_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/secret_file.h"
#include "config/config.h"

namespace penstock::cli {
namespace {

class Look {
 public:
  explicit Look(const config::Loaded& loaded) : loaded_(loaded) {}

  // False: there is something to say.
  bool at(const std::string& key, const std::string& path) {
    if (path.empty()) return false;
    const auto fault = find_secret_fault(path);
    if (fault) add(key, fault->why, fault->certain ? "" : "the daemon needs it", fault->certain);
    return !fault;
  }

  void at_route(const std::string& key, const config::Route& route) {
    if (!at(key, route.password_file)) return;
    const auto text = read_secret_file(route.password_file);
    if (!text) return;
    const std::string_view password = std::string_view(*text).substr(0, text->find_first_of("\r\n"));
    if (password.empty())
      add(key, route.password_file + ": the first line, which is to be the password, is empty", "", true);
    const bool ascii = std::all_of(password.begin(), password.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (ascii) return;
    add(key, route.password_file + ": the password has characters that are not ASCII; it is sent as it stands here",
        "a service that wants it in another form (SASLprep) will refuse it: choose one of ASCII", false);
  }

  [[nodiscard]] std::vector<config::Problem> found() && { return std::move(found_); }

 private:
  void add(const std::string& key, std::string message, std::string suggestion, bool is_error) {
    config::Problem problem;
    const auto setting = std::find_if(loaded_.settings.begin(), loaded_.settings.end(),
                                      [&](const auto& each) { return each.key == key; });
    if (setting != loaded_.settings.end()) {
      const std::string& origin = setting->origin;  // "penstock.toml:12"
      const std::size_t colon = std::min(origin.rfind(':'), origin.size());
      problem.file = origin.substr(0, colon);
      if (colon < origin.size()) {
        std::from_chars(origin.data() + colon + 1, origin.data() + origin.size(), problem.line);
      }
    }
    problem.key = key;
    problem.message = std::move(message);
    problem.suggestion = std::move(suggestion);
    problem.is_error = is_error;
    found_.push_back(std::move(problem));
  }

  const config::Loaded& loaded_;
  std::vector<config::Problem> found_;
};

}  // namespace

std::vector<config::Problem> look_at_secrets(const config::Loaded& loaded) {
  if (!loaded.config) return {};
  accept_secrets_of(loaded.config->node.user);
  Look look(loaded);
  constexpr std::string_view kKeyFile = ".key_file";
  for (const config::Setting& setting : loaded.settings) {
    if (!setting.key.ends_with(kKeyFile) || setting.value.size() < 2) continue;
    look.at(setting.key, setting.value.substr(1, setting.value.size() - 2));
  }
  for (const config::Stream& stream : loaded.config->streams) {
    look.at_route(fmt::format("stream.{}.route", stream.name), stream.route);
  }
  for (const config::Domain& domain : loaded.config->domains) {
    if (domain.route) look.at_route(fmt::format("domain.{}.route", domain.name), *domain.route);
  }
  return std::move(look).found();
}

}  // namespace penstock::cli
