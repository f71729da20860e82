// SPDX-License-Identifier: Apache-2.0
// `penstock feedback import` hands reports that lie in files to a listener's report domain, the way they come by mail:
// each is durable with the daemon before the next one is sent.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <thread>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/json_read.h"
#include "cmd/penstock/report_door.h"
#include "cmd/penstock/report_source.h"
#include "cmd/penstock/smtp_door.h"

namespace penstock::cli {
namespace {

constexpr int kBarColumns = 30;
// A full inbox is worked off in moments.
constexpr std::chrono::milliseconds kBusyPause{200};
constexpr int kBusyTries = 150;

class Bar {
 public:
  explicit Bar(bool quiet) : shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}
  ~Bar() {
    if (drawn_) fmt::print(stderr, "\n");
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  void draw(double share, std::uint64_t taken) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (now < next_ && share < 1)) return;
    next_ = now + std::chrono::milliseconds(100);
    const auto full = static_cast<int>(share * kBarColumns);
    fmt::print(stderr, "\r[{:#<{}}{:<{}}] {:3.0f}%  {} reports", "", full, "", kBarColumns - full, share * 100, taken);
    drawn_ = true;
  }

 private:
  const bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

// Waits while the daemon has no room.
Result<std::string> send_patiently(SmtpDoor& door, const std::string& to, const std::string& message) {
  auto answer = door.send(to, message);
  for (int i = 0; i < kBusyTries && answer && answer->starts_with("452"); ++i) {
    std::this_thread::sleep_for(kBusyPause);
    answer = door.send(to, message);
  }
  return answer;
}

// What the command line does not say, the daemon knows.
Got<ReportDoor> choose_door(Cli& cli) {
  ReportDoor door{cli.arguments.text("--smtp"), cli.arguments.text("--to")};
  if (!door.smtp.empty() && !door.to.empty()) return door;
  const auto answer = cli.get("/v1/config");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const auto found = find_report_door(list_of(*answer, "settings"));
  if (!found) {
    return tl::unexpected<Failure>(Failure{kExitRefused, "no listener of the daemon has report_domains",
                                           "give one of them report_domains = [\"bounces.example.com\"] and reload"});
  }
  if (door.smtp.empty()) door.smtp = found->smtp;
  if (door.to.empty()) door.to = found->to;
  return door;
}

}  // namespace

Ended import_feedback(Cli& cli) {
  const Got<ReportDoor> chosen = choose_door(cli);
  if (!chosen) return tl::unexpected<Failure>(chosen.error());
  const std::string& to = chosen->to;
  const std::string& address = chosen->smtp;
  const auto source = ReportSource::open(cli.arguments.text("PATH"));
  if (!source) {
    return fail_with(kExitUsage, fmt::format("{}: {}", source.error().detail, source.error().code.message()),
                     "give a Maildir, an mbox file, an .eml file or a folder of them");
  }
  SmtpDoor door;
  if (const auto opened = door.open(address); !opened) {
    return fail_with(kExitUnreachable, "no listener answers: " + opened.error().to_string(), "name it with --smtp");
  }
  Bar bar(cli.json());
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::string why;
  for (std::string message; (*source)->next(message);) {
    const auto answer = send_patiently(door, to, message);
    if (!answer)
      return fail_with(kExitUnreachable, fmt::format("after {} reports: {}", taken, answer.error().to_string()));
    if (answer->starts_with('2')) {
      ++taken;
    } else {
      ++refused;
      why = *answer;
    }
    bar.draw((*source)->share(), taken);
  }
  if (cli.json()) {
    Cli::print_json({{"taken", taken}, {"refused", refused}, {"unreadable", (*source)->unreadable()}});
  } else {
    Cli::print(
        fmt::format("{} reports taken, {} refused, {} files unreadable\n", taken, refused, (*source)->unreadable()));
  }
  if (taken + refused == 0) return fail_with(kExitRefused, "no report was found there");
  if (refused > 0) return fail_with(kExitRefused, fmt::format("{} were refused, the last one with: {}", refused, why));
  return {};
}

}  // namespace penstock::cli
