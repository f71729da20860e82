// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"
#include "cmd/penstock/progress.h"
#include "http/target.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

// "stream=marketing domain=gmail.com"
std::string words_of(const json::object& selection) {
  std::string words;
  for (const auto& member : selection) {
    if (!words.empty()) words += ' ';
    words += std::string(member.key());
    if (member.value().is_string()) words += "=" + std::string(member.value().as_string());
  }
  return words;
}

Table pause_table() {
  return Table({{"PAUSED"}, {"SINCE"}, {"UNTIL"}, {"BY"}, {"WHY"}});
}

void add_pause(Table& table, const json::object& pause) {
  const std::string until = text_of(pause, "until");
  table.add({words_of(child(pause, "selection")), human_time(text_of(pause, "since")),
             until.empty() ? "resumed" : human_time(until), text_of(pause, "by"), text_of(pause, "reason")});
}

Table job_table() {
  return Table({{"JOB", Align::Right},
                {"ACT"},
                {"SELECTION"},
                {"STATE"},
                {"MATCHED", Align::Right},
                {"CHANGED", Align::Right},
                {"PROGRESS", Align::Right},
                {"BY"},
                {"STARTED"},
                {"DETAIL"}});
}

void add_job(Table& table, const json::object& job) {
  const auto all = count_of(job, "to_visit");
  const std::string progress = all == 0 ? "" : fmt::format("{}%", count_of(job, "visited") * 100 / all);
  const std::string act = text_of(job, "act") + (flag_of(job, "dry_run") ? " (dry run)" : "");
  table.add({std::to_string(count_of(job, "id")), act, words_of(child(job, "selection")), text_of(job, "state"),
             human_count(count_of(job, "matched")), human_count(count_of(job, "changed")), progress, text_of(job, "by"),
             human_time(text_of(job, "started")), text_of(job, "detail")});
}

std::string summary_of(const json::object& job) {
  const std::string act = text_of(job, "act");
  const std::string matched = human_count(count_of(job, "matched"));
  const auto kept = std::min(count_of(job, "matched"), count_of(job, "kept"));
  const std::string of_kept =
      kept == 0 ? "" : fmt::format("; {} kept: deferred for rate or reputation", human_count(kept));
  if (flag_of(job, "dry_run")) {
    const auto in_flight = count_of(job, "in_flight");
    const std::string of_these =
        in_flight == 0 ? "" : fmt::format(" ({} in delivery just now, if they come back)", human_count(in_flight));
    return fmt::format("{} would touch {} recipients{}{}; nothing was changed\n", act,
                       human_count(count_of(job, "matched") - kept), of_these, of_kept);
  }
  const auto left =
      count_of(job, "matched") - kept - std::min(count_of(job, "matched") - kept, count_of(job, "changed"));
  std::string text =
      fmt::format("{}: {} recipients changed, {} matched", act, human_count(count_of(job, "changed")), matched) +
      of_kept;
  const auto in_flight = std::min(left, count_of(job, "in_flight"));
  if (left > in_flight) text += fmt::format("; {} had finished meanwhile", human_count(left - in_flight));
  if (in_flight > 0) {
    text += fmt::format("; {} are in delivery and follow if they come back (job {})", human_count(in_flight),
                        count_of(job, "id"));
  }
  return text + "\n";
}

// Prints how a job ended; one that did not end well is a Failure.
Ended print_end(const Cli& cli, const json::object& job) {
  const std::string state = text_of(job, "state");
  if (cli.json()) {
    Cli::print_json(job);
  } else {
    Cli::print(summary_of(job));
  }
  if (state == "done" || state == "waiting") return {};
  const std::string detail = text_of(job, "detail");
  return fail_with(kExitRefused,
                   fmt::format("job {} {}{}", count_of(job, "id"), state, detail.empty() ? "" : ": " + detail));
}

// A change must say what it is about: nothing at all is most often a mistake in a script.
Ended check_selection(const Cli& cli, std::string_view criteria) {
  const json::object selection = cli.selection();
  if (selection.empty()) {
    return fail_with(kExitUsage, "nothing is selected", fmt::format("give at least one of {}; or --all", criteria));
  }
  if (selection.contains("all") && selection.size() > 1) {
    return fail_with(kExitUsage, "--all and other criteria contradict each other", "leave out --all");
  }
  return {};
}
constexpr std::string_view kCriteriaOfPauses = "--stream, --tenant, --campaign, --domain, --provider, --vmta, --path";
constexpr std::string_view kCriteriaOfActs =
    "--stream, --tenant, --campaign, --domain, --provider, --vmta, --path, --message, --recipient";

Ended act(Cli& cli, std::string_view what) {
  if (auto checked = check_selection(cli, kCriteriaOfActs); !checked) return checked;
  json::object body{{"selection", cli.selection()}};
  if (cli.arguments.has("--dry-run")) body["dry_run"] = true;
  if (cli.arguments.has("--force")) body["force"] = true;
  for (const auto& [option, member] :
       {std::pair{"--reason", "reason"}, std::pair{"--to-vmta", "to_vmta"}, std::pair{"--to-stream", "to_stream"}}) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
  auto job = cli.post(std::string("/v1/") + std::string(what), body);
  if (!job) return tl::unexpected<Failure>(job.error());
  if (cli.arguments.has("--no-wait") && text_of(*job, "state") == "running") {
    const auto id = count_of(*job, "id");
    if (cli.json()) Cli::print_json(*job);
    if (!cli.json()) Cli::print(fmt::format("job {} goes on in the background: penstock job wait {}\n", id, id));
    return {};
  }
  job = follow_job(cli, std::move(*job), Follow::Queues);
  if (!job) return tl::unexpected<Failure>(job.error());
  return print_end(cli, *job);
}

std::string job_path(const Cli& cli) {
  return "/v1/jobs/" + http::encode(cli.arguments.text("ID"));
}

}  // namespace

Ended pause_mail(Cli& cli) {
  if (auto checked = check_selection(cli, kCriteriaOfPauses); !checked) return checked;
  json::object body{{"selection", cli.selection()}};
  for (const auto& [option, member] : {std::pair{"--reason", "reason"}, std::pair{"--until", "until"}}) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
  const bool dry_run = cli.arguments.has("--dry-run");
  if (dry_run) body["dry_run"] = true;
  const auto pause = cli.post("/v1/pause", body);
  if (!pause) return tl::unexpected<Failure>(pause.error());
  if (dry_run && !cli.json()) {
    Cli::print(fmt::format("pause would stop {} recipients that are queued now; nothing was changed\n",
                           human_count(count_of(*pause, "matched"))));
    return {};
  }
  Table table = pause_table();
  add_pause(table, *pause);
  if (cli.json()) {
    Cli::print_json(*pause);
  } else {
    Cli::print(table.text());
  }
  return {};
}

Ended resume_mail(Cli& cli) {
  if (auto checked = check_selection(cli, kCriteriaOfPauses); !checked) return checked;
  json::object body{{"selection", cli.selection()}};
  const bool dry_run = cli.arguments.has("--dry-run");
  if (dry_run) body["dry_run"] = true;
  const auto answer = cli.post("/v1/resume", body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const json::array would = list_of(*answer, "would_resume");
  for (const json::value& pause : would) {
    if (cli.json()) break;
    Cli::print(fmt::format("resume would lift the pause of {}, which covers {} recipients; nothing was changed\n",
                           words_of(child(pause.as_object(), "selection")),
                           human_count(count_of(pause.as_object(), "matched"))));
  }
  const std::size_t lifted = dry_run ? would.size() : list_of(*answer, "resumed").size();
  if (cli.json()) {
    Cli::print_json(*answer);
  } else if (lifted > 0 && !dry_run) {
    Cli::print(fmt::format("{} {} lifted\n", lifted, lifted == 1 ? "pause" : "pauses"));
  }
  if (lifted > 0) return {};
  if (cli.json()) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
  return fail_with(kExitRefused, "no pause has exactly this selection", "penstock pauses lists them");
}

Ended list_pauses(Cli& cli) {
  const auto answer = cli.get("/v1/pauses");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  Table table = pause_table();
  const json::array pauses = list_of(*answer, "pauses");
  for (const json::value& pause : pauses) add_pause(table, pause.as_object());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(pauses.empty() ? "nothing is paused\n" : table.text());
  }
  return {};
}

Ended hold_mail(Cli& cli) {
  return act(cli, "hold");
}
Ended release_mail(Cli& cli) {
  return act(cli, "release");
}
Ended retry_mail(Cli& cli) {
  return act(cli, "retry");
}
Ended bounce_mail(Cli& cli) {
  return act(cli, "bounce");
}
Ended reroute_mail(Cli& cli) {
  if (cli.arguments.text("--to-vmta").empty() == cli.arguments.text("--to-stream").empty()) {
    return fail_with(kExitUsage, "give either --to-vmta NAME or --to-stream NAME");
  }
  return act(cli, "reroute");
}

Ended list_jobs(Cli& cli) {
  const auto answer = cli.get("/v1/jobs");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  Table table = job_table();
  const json::array jobs = list_of(*answer, "jobs");
  for (const json::value& job : jobs) add_job(table, job.as_object());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(jobs.empty() ? "no job runs, and none has ended\n" : table.text());
  }
  return {};
}

Ended show_job(Cli& cli) {
  const auto job = cli.get(job_path(cli));
  if (!job) return tl::unexpected<Failure>(job.error());
  Table table = job_table();
  add_job(table, *job);
  if (cli.json()) {
    Cli::print_json(*job);
  } else {
    Cli::print(table.text());
  }
  return {};
}

Ended wait_for_job(Cli& cli) {
  auto job = cli.get(job_path(cli));
  if (!job) return tl::unexpected<Failure>(job.error());
  job = follow_job(cli, std::move(*job), Follow::End);
  if (!job) return tl::unexpected<Failure>(job.error());
  return print_end(cli, *job);
}

Ended cancel_job(Cli& cli) {
  const auto job = cli.post(job_path(cli) + "/cancel", {});
  if (!job) return tl::unexpected<Failure>(job.error());
  if (cli.json()) {
    Cli::print_json(*job);
  } else {
    Cli::print(fmt::format("job {} cancelled; {}", count_of(*job, "id"), summary_of(*job)));
  }
  return {};
}

}  // namespace penstock::cli
