// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <thread>

#include "base/plain_json.h"
#include "sim/commands.h"
#include "sim/internet.h"
#include "sim/report.h"
#include "sim/scenario.h"

namespace penstock::sim {
namespace {

struct Options {
  std::string scenario;
  ServeOptions serve;
  std::string dns;
  std::string ready_file;
  int port = -1;
  bool json = false;
};

// Every connection is a descriptor; the usual soft limit of 1024 is soon reached.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<Scenario> load_with_overrides(const Options& options) {
  auto scenario = load_scenario(options.scenario);
  if (!scenario) return scenario;
  for (ReceiverSpec& receiver : scenario->receivers) {
    if (options.port >= 0) receiver.port = static_cast<std::uint16_t>(options.port);
  }
  if (scenario->dns && !options.dns.empty()) scenario->dns->address = options.dns;
  return scenario;
}

int serve(const Options& options) {
  auto scenario = load_with_overrides(options);
  if (!scenario) return complain(scenario.error());
  raise_descriptor_limit();
  // Blocked before any thread starts, so that only sigwait() below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  Internet internet(std::move(*scenario), options.serve);
  if (const auto started = internet.start(); !started) return complain(started.error());
  if (!options.ready_file.empty()) {
    if (const auto saved = save_json(options.ready_file, internet.addresses()); !saved) return complain(saved.error());
  }
  int signal = 0;
  sigwait(&signals, &signal);
  internet.stop();
  const auto report = internet.report();
  if (!report) return complain(report.error());
  fmt::print("{}", options.json ? plain_json(*report) + "\n" : report_table(*report));
  return kDone;
}

}  // namespace

CommandAction add_serve(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->serve.threads = std::max(1U, std::thread::hardware_concurrency());
  auto* command = app.add_subcommand("serve", "Run the DNS and the receivers of a scenario until SIGINT or SIGTERM");
  command->add_option("--scenario", options->scenario, "Scenario file (docs/simulator.md)")->required();
  command->add_option("--control", options->serve.control, "Unix socket of the control channel");
  command->add_option("--report", options->serve.report,
                      "Write the JSON report to this file, and FILE.received beside it");
  command->add_option("--received", options->serve.received, "Write one line per received recipient to this file");
  command->add_option("--listen-port", options->port, "Port of all receivers, instead of the scenario's; 0: any")
      ->check(CLI::Range(0, 65535));
  command->add_option("--dns", options->dns, "Address and port of the DNS, instead of the scenario's");
  command->add_option("--maildir", options->serve.maildir, "Keep every received message in this folder");
  command->add_option("--ready-file", options->ready_file, "Write the addresses in use to this file once all listens");
  command->add_option("--threads", options->serve.threads, "Threads (one per core)")->check(CLI::Range(1, 256));
  command->add_flag("--json", options->json, "Print the closing report as JSON");
  return [options] { return serve(*options); };
}

CommandAction add_check(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  auto* command = app.add_subcommand("check", "Say what a scenario declares, or what is wrong with it");
  command->add_option("--scenario", *path, "Scenario file")->required();
  return [path] {
    const auto scenario = load_scenario(*path);
    if (!scenario) return complain(scenario.error());
    std::size_t addresses = 0;
    for (const ReceiverSpec& receiver : scenario->receivers) addresses += receiver.addresses.size();
    fmt::print("{}: {} receivers on {} addresses, {} domains, {} records, DNS {}\n", *path, scenario->receivers.size(),
               addresses, scenario->domains.size(), scenario->records.size(),
               scenario->dns ? scenario->dns->address : std::string("none"));
    return kDone;
  };
}

}  // namespace penstock::sim
