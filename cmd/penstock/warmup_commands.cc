// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (part == 0 || whole == 0) return human_count(part);
  return fmt::format("{} ({:.1f} %)", human_count(part),
                     100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string tomorrow_text(const json::object& row) {
  if (text_of(row, "state") == "warm") return "-";
  return flag_of(row, "tomorrow_warm") ? "warm" : human_count(count_of(row, "tomorrow"));
}

// "by root since 2026-11-24 08:30:00: complaints"; "" when it is not paused.
std::string pause_text(const json::object& row) {
  if (text_of(row, "state") != "paused" || text_of(row, "paused_by").empty()) return {};
  std::string text = fmt::format("by {}", text_of(row, "paused_by"));
  if (const std::string since = text_of(row, "paused_since"); !since.empty()) text += " since " + human_time(since);
  const std::string why = text_of(row, "paused_why");
  return why.empty() ? text : text + ": " + why;
}

// Of what an operator sees first.
std::string why_text(const json::object& row) {
  if (const std::string paused = pause_text(row); !paused.empty()) return "paused " + paused;
  return text_of(row, text_of(row, "state") == "warm" ? "why" : "tomorrow_why");
}

std::string table_text(const json::array& rows) {
  Table table({{"VMTA"},
               {"PROVIDER"},
               {"STATE"},
               {"DAY", Align::Right},
               {"TODAY", Align::Right},
               {"SO FAR", Align::Right},
               {"TAKEN", Align::Right},
               {"LEFT", Align::Right},
               {"TOMORROW", Align::Right},
               {"WHY"}});
  for (const json::value& value : rows) {
    const json::object& row = value.as_object();
    const bool warm = text_of(row, "state") == "warm";
    const auto count = [&](std::string_view key) { return warm ? "-" : human_count(count_of(row, key)); };
    table.add({text_of(row, "vmta"), text_of(row, "provider"), text_of(row, "state"),
               warm ? "-" : fmt::format("{}/{}", count_of(row, "plan_day"), count_of(row, "plan_days")),
               count("allowance"), count("allowed_so_far"), human_count(count_of(row, "taken")), count("left"),
               tomorrow_text(row), why_text(row)});
  }
  return table.text();
}

// One warm-up in full.
std::string detail_text(const json::object& row) {
  const std::uint64_t answers = count_of(row, "taken") + count_of(row, "deferred") + count_of(row, "bounced");
  std::string text =
      fmt::format("{} at {}: {}\n", text_of(row, "vmta"), text_of(row, "provider"), text_of(row, "state"));
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<11}{}\n", name, printable(value));
  };
  if (const std::string paused = pause_text(row); !paused.empty()) line("paused", paused);
  line("plan", fmt::format("{} to {} in {} days, hours {} {}; beyond it: {}", human_count(count_of(row, "plan_first")),
                           human_count(count_of(row, "plan_last")), count_of(row, "plan_days"), text_of(row, "hours"),
                           text_of(row, "zone"), text_of(row, "beyond")));
  if (text_of(row, "state") != "warm") {
    line("today", fmt::format("{} may be taken (day {} of {}): {}", human_count(count_of(row, "allowance")),
                              count_of(row, "plan_day"), count_of(row, "plan_days"), text_of(row, "why")));
    line("so far", fmt::format("{} by the spread, {} taken, {} under way, {} left until {}",
                               human_count(count_of(row, "allowed_so_far")), human_count(count_of(row, "taken")),
                               human_count(count_of(row, "under_way")), human_count(count_of(row, "left")),
                               human_time(text_of(row, "closes"))));
  }
  line("answers", fmt::format("{} deferred, {} bounced, {} complaints", share_text(count_of(row, "deferred"), answers),
                              share_text(count_of(row, "bounced"), answers),
                              share_text(count_of(row, "complaints"), count_of(row, "taken"))));
  if (text_of(row, "state") != "warm") {
    line("tomorrow",
         fmt::format("{} ({}): {}", tomorrow_text(row), text_of(row, "tomorrow_step"), text_of(row, "tomorrow_why")));
  }
  return text;
}

Ended change(Cli& cli, std::string_view path, json::object body) {
  const auto names = cli.arguments.texts("VMTA");
  if (names.size() != 2) {
    return tl::unexpected<Failure>(
        Failure{kExitUsage, "a vMTA and a provider are asked for", "`penstock warmup status` names those there are"});
  }
  body["vmta"] = names[0];
  body["provider"] = names[1];
  if (cli.arguments.has("--reason")) body["reason"] = cli.arguments.text("--reason");
  const auto row = cli.post(path, body);
  if (!row) return tl::unexpected<Failure>(row.error());
  if (cli.json()) {
    Cli::print_json(*row);
  } else {
    Cli::print(detail_text(*row));
  }
  return {};
}

}  // namespace

Ended warmup_status(Cli& cli) {
  const Query query{{"vmta", cli.arguments.text("--vmta")}, {"provider", cli.arguments.text("--provider")}};
  const auto answer = cli.get("/v1/warmups", query);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  const json::array rows = list_of(*answer, "warmups");
  if (rows.empty()) {
    Cli::print("nothing is being warmed up\n");
  } else {
    Cli::print(rows.size() == 1 ? detail_text(rows[0].as_object()) : table_text(rows));
  }
  return {};
}

Ended warmup_pause(Cli& cli) {
  return change(cli, "/v1/warmups/pause", {});
}

Ended warmup_resume(Cli& cli) {
  return change(cli, "/v1/warmups/resume", {});
}

Ended warmup_set(Cli& cli) {
  json::object body;
  const std::string day = cli.arguments.text("--day");
  if (day.empty() || day.find_first_not_of("0123456789") != std::string::npos || day.size() > 5) {
    return tl::unexpected<Failure>(Failure{kExitUsage, "--day is asked for, a day of the plan", "the first is 1"});
  }
  body["day"] = std::stoul(day);
  return change(cli, "/v1/warmups/set", std::move(body));
}

}  // namespace penstock::cli
