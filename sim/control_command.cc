// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/plain_json.h"
#include "base/units.h"
#include "sim/commands.h"
#include "sim/control.h"
#include "sim/errc.h"
#include "sim/ledger.h"
#include "sim/report.h"

namespace penstock::sim {
namespace {

constexpr Duration kAnswerTimeout{std::chrono::seconds{30}};

struct Options {
  std::string control;
  std::vector<std::string> settings;
  std::string timeout = "60s";
  std::uint64_t received = 1;
  bool json = false;
};

CLI::App* add_with_control(CLI::App& app, const std::string& name, const std::string& help, Options& options) {
  auto* command = app.add_subcommand(name, help);
  command->add_option("--control", options.control, "Control socket of a running serve")->required();
  return command;
}

int ask_and_forget(const Options& options, Words words) {
  const auto answer = ask(options.control, words, kAnswerTimeout);
  return answer ? kDone : complain(answer.error());
}

struct Files {
  std::string ledger;
  std::string report;
  std::string received;
  bool json = false;
};

boost::json::object to_json(const Comparison& comparison) {
  boost::json::array lost(comparison.lost_first.begin(), comparison.lost_first.end());
  boost::json::array twice(comparison.twice_first.begin(), comparison.twice_first.end());
  return {{"acknowledged", comparison.acknowledged},
          {"received", comparison.received},
          {"lost", comparison.lost},
          {"duplicates", comparison.duplicates},
          {"unacknowledged", comparison.unacknowledged},
          {"lost_first", std::move(lost)},
          {"duplicates_first", std::move(twice)}};
}

int run_compare(const Files& files) {
  const std::string received = files.received.empty() ? files.report + ".received" : files.received;
  const auto comparison = compare(files.ledger, received);
  if (!comparison) return complain(comparison.error());
  if (files.json) {
    fmt::print("{}\n", plain_json(to_json(*comparison)));
  } else {
    fmt::print(
        "{:>12}  acknowledged\n{:>12}  received\n{:>12}  lost\n{:>12}  duplicates\n{:>12}  received without an "
        "acknowledgement\n",
        comparison->acknowledged, comparison->received, comparison->lost, comparison->duplicates,
        comparison->unacknowledged);
    for (const std::string& line : comparison->lost_first) fmt::print("        lost  {}\n", line);
    for (const std::string& line : comparison->twice_first) fmt::print("   duplicate  {}\n", line);
  }
  return comparison->lost == 0 ? kDone : kNo;
}

}  // namespace

int complain(const Error& error) {
  // The details of our own errors are whole sentences; the system's need its reason behind them.
  const bool ours = error.code.category() == make_error_code(Errc::BadArgument).category();
  const std::string reason = ours ? std::string() : ": " + error.code.message();
  fmt::print(stderr, "penstock-sim: {}{}\n", error.detail, reason);
  return kTrouble;
}

CommandAction add_report(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = add_with_control(app, "report", "Show the live counts of a running serve", *options);
  command->add_flag("--json", options->json, "Print them as JSON");
  return [options] {
    const auto report = ask(options->control, {"report"}, kAnswerTimeout);
    if (!report) return complain(report.error());
    fmt::print("{}", options->json ? plain_json(*report) + "\n" : report_table(*report));
    return kDone;
  };
}

CommandAction add_set(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = add_with_control(app, "set", "Change a receiver or the DNS of a running serve", *options);
  command->add_option("settings", options->settings, "For example: receiver=gmail down=true (docs/simulator.md)")
      ->required();
  return [options] {
    Words words{"set"};
    words.insert(words.end(), options->settings.begin(), options->settings.end());
    return ask_and_forget(*options, std::move(words));
  };
}

CommandAction add_reset(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_with_control(app, "reset", "Set all counts of a running serve to zero", *options);
  return [options] { return ask_and_forget(*options, {"reset"}); };
}

CommandAction add_wait(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = add_with_control(app, "wait", "Wait until so many recipients have arrived", *options);
  command->add_option("--received", options->received, "How many")->required();
  command->add_option("--timeout", options->timeout, "How long to wait")->capture_default_str();
  return [options] {
    const auto timeout = parse_duration(options->timeout);
    if (!timeout) return complain({Errc::BadArgument, timeout.error()});
    const auto answer =
        ask(options->control, {"wait", fmt::format("received={}", options->received), "timeout=" + options->timeout},
            *timeout + kAnswerTimeout);
    if (!answer) return complain(answer.error());
    fmt::print("{}\n", answer->at("received").to_number<std::uint64_t>());
    return answer->at("done").as_bool() ? kDone : kNo;
  };
}

CommandAction add_compare(CLI::App& app) {
  auto files = std::make_shared<Files>();
  auto* command = app.add_subcommand("compare", "Compare what was acknowledged with what arrived");
  command->add_option("--ledger", files->ledger, "Ledger of send")->required();
  auto* report = command->add_option("--report", files->report, "Report of serve; FILE.received must lie beside it");
  auto* received = command->add_option("--received", files->received, "The list of received recipients itself");
  report->excludes(received);
  command->add_flag("--json", files->json, "Print the result as JSON");
  return [files] {
    if (!files->report.empty() || !files->received.empty()) return run_compare(*files);
    return complain({Errc::BadArgument, "compare needs --report or --received"});
  };
}

}  // namespace penstock::sim
