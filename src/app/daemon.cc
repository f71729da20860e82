// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "api/admin_server.h"
#include "app/node.h"
#include "app/node_operations.h"
#include "app/privileges.h"
#include "base/log.h"
#include "base/secret_file.h"

namespace penstock::app {
namespace {

// The main thread alone takes signals, by waiting for them; all other threads inherit the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A connection is a descriptor: what the system lets us have, we take.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int cannot_start(const std::string& why) {
  fmt::print(stderr, "penstockd: {}\n", why);
  return 1;
}

api::AdminOptions admin_options(const config::Admin& from) {
  api::AdminOptions options;
  options.socket = from.socket;
  options.socket_mode = from.mode;
  if (from.metrics) {
    if (auto endpoint = net::parse_endpoint(from.metrics->to_string())) options.metrics = *endpoint;
  }
  return options;
}

// The folders that are missing are made while we still can, and belong to whom we become.
Result<> become(const config::Config& config, const std::optional<Identity>& identity) {
  const std::string run = std::filesystem::path(config.admin.socket).parent_path().string();
  // Others may pass through to the socket, whose own mode says who may use it.
  if (auto made = make_folder(run, identity, 0755); !made) return made;
  std::vector<std::string> folders{config.node.data_dir, config.spool.dir, config.events.dir};
  if (config.accounting.enabled) folders.push_back(config.accounting.dir);
  for (const std::string& folder : folders) {
    if (auto made = make_folder(folder, identity, 0700); !made) return made;
  }
  if (auto dropped = drop_privileges(identity); !dropped) return dropped;
  keep_to_ourselves(config.node.core_dumps);  // the system decided anew when the user changed
  for (const std::string& folder : folders) {
    if (auto good = check_folder(folder); !good) return good;
  }
  if (auto kept = keep_state_private(config.node.data_dir); !kept) return kept;
  if (identity) log::info("app", "runs as {}", identity->user);
  return {};
}

void serve(Node& node, NodeOperations& operations, const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      (void)node.reload();
      continue;
    }
    const Duration limit = operations.stop_limit().value_or(node.in_force().config->node.stop_limit);
    log::info("app", "stopping: new mail is refused, what is in flight has {}", format_duration(limit));
    // A second signal means at once: it takes its default course.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    return node.finish(limit);
  }
}

}  // namespace

int run_daemon(const std::string& config_file) {
  const sigset_t signals = block_signals();
  raise_descriptor_limit();
  const std::string path = std::filesystem::absolute(config_file).string();
  const config::Loaded loaded = config::load_file(path);
  for (const config::Problem& problem : loaded.problems) {
    fmt::print(stderr, "{}\n", config::format_problem(problem));
  }
  if (!loaded.config) return cannot_start("the configuration has mistakes; nothing was started");
  log::set_level(loaded.config->node.log_level);
  keep_to_ourselves(loaded.config->node.core_dumps);
  accept_secrets_of(loaded.config->node.user);
  const auto identity = find_identity(loaded.config->node);
  if (!identity) return cannot_start(identity.error().to_string());
  auto node = Node::build(loaded, path, [&] { return become(*loaded.config, *identity); });
  if (!node) return cannot_start(node.error().to_string());
  NodeOperations operations(**node);
  api::AdminServer admin(operations, admin_options(loaded.config->admin));
  if (auto opened = admin.open(); !opened) return cannot_start(opened.error().to_string());
  (*node)->start();
  admin.start();
  for (const std::string& address : (*node)->listening()) log::info("app", "listening on {}", address);
  log::info("app", "penstockd {} serves, node {}", PENSTOCK_VERSION, loaded.config->node.name);
  serve(**node, operations, signals);
  operations.stop();
  admin.stop();
  (*node)->stop();
  log::info("app", "stopped");
  return 0;
}

}  // namespace penstock::app
