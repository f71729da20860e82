// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <csignal>

#include "api/errc.h"
#include "app/node_operations.h"
#include "delivery/config_lint.h"

namespace penstock::app {

Result<api::ReloadReport> NodeOperations::reload(const api::Actor& actor) {
  record_admin(actor, "reload");
  return node_.reload();
}

Result<api::ConfigCheck> NodeOperations::check_config(const api::ConfigCheckRequest& request) {
  const config::Loaded loaded =
      request.text ? config::load_text(*request.text, request.path) : config::load_file(request.path);
  std::vector<config::Problem> problems = loaded.problems;
  if (loaded.config) {
    for (config::Problem& found : delivery::lint_config(*loaded.config)) problems.push_back(std::move(found));
  }
  api::ConfigCheck check;
  for (const config::Problem& from : problems) {
    check.problems.push_back(
        {from.file, from.line, from.column, from.key, from.message, from.suggestion, from.is_error});
  }
  return check;
}

Result<std::uint32_t> NodeOperations::rotate_keys(const api::Actor& actor) {
  const auto accepted = node_.rotate_keys();
  record_admin(actor,
               accepted ? "feedback rotate-keys" : "feedback rotate-keys, failed: " + accepted.error().to_string());
  return accepted;
}

Result<std::vector<api::SettingRow>> NodeOperations::settings() {
  std::vector<api::SettingRow> rows;
  for (const config::Setting& from : node_.in_force().settings) {
    rows.push_back({from.key, from.value, from.origin, from.needs_restart});
  }
  return rows;
}

Result<> NodeOperations::drain(const api::DrainRequest& request, const api::Actor& actor) {
  if (node_.state() == api::DaemonState::Stopping) return fail(api::Errc::Conflict, "the daemon is stopping");
  switch (request.step) {
    case api::DrainStep::Begin:
      record_admin(actor, "drain");
      node_.drain(true);
      return {};
    case api::DrainStep::End:
      record_admin(actor, "drain --end");
      node_.drain(false);
      return {};
    case api::DrainStep::Stop: break;
  }
  record_admin(actor, "drain --stop, limit " + format_duration(request.limit));
  {
    const std::lock_guard lock(mutex_);
    stop_limit_ = request.limit;
  }
  // The main thread waits for signals: this is the same stop.
  ::kill(::getpid(), SIGTERM);
  return {};
}

std::optional<Duration> NodeOperations::stop_limit() const {
  const std::lock_guard lock(mutex_);
  return stop_limit_;
}

}  // namespace penstock::app
