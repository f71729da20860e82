// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"
#include "http/target.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

Query group_query(const Cli& cli) {
  Query query = cli.criteria();
  query.emplace_back("by", cli.arguments.text("--by"));
  query.emplace_back("limit", cli.arguments.text("--limit"));
  return query;
}

std::string group_title(const Cli& cli) {
  std::string title = cli.arguments.text("--by");
  if (title.empty()) title = "domain";
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return title;
}

std::string name_of(const json::object& row) {
  const std::string name = text_of(row, "name");
  return name.empty() ? "(none)" : name;
}

std::vector<std::string> count_cells(const json::object& counts) {
  std::vector<std::string> cells;
  for (const char* key : {"total", "ready", "in_delivery", "deferred", "scheduled", "held"}) {
    cells.push_back(human_count(count_of(counts, key)));
  }
  return cells;
}

// "340 more are not shown: --limit"
std::string rest_of(std::uint64_t all, std::size_t shown) {
  if (all <= shown) return "";
  return fmt::format("\n{} more not shown; --limit shows more\n", human_count(all - shown));
}

void add_recipient(Table& table, const json::object& row, const std::string& now) {
  const std::string labels = text_of(row, "campaign").empty() ? text_of(row, "stream")
                                                              : text_of(row, "stream") + "/" + text_of(row, "campaign");
  const std::string reason = text_of(row, "reason");
  const std::string next = human_between(now, text_of(row, "next_attempt"));
  table.add({text_of(row, "id"), text_of(row, "recipient"), text_of(row, "state"),
             human_between(text_of(row, "received"), now), human_count(count_of(row, "attempts")),
             next.empty() ? "-" : "in " + next, labels,
             text_of(row, "path").empty() ? text_of(row, "vmta") : text_of(row, "path"),
             reason.empty() ? text_of(row, "last_reply") : reason});
}

Table recipient_table() {
  return Table({{"ID"},
                {"RECIPIENT"},
                {"STATE"},
                {"AGE", Align::Right},
                {"ATTEMPTS", Align::Right},
                {"NEXT"},
                {"STREAM"},
                {"FROM"},
                {"LAST REPLY, OR WHY"}});
}

}  // namespace

Ended list_queues(Cli& cli) {
  const auto answer = cli.get("/v1/queues", group_query(cli));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  Table table({{group_title(cli)},
               {"TOTAL", Align::Right},
               {"READY", Align::Right},
               {"IN DELIVERY", Align::Right},
               {"DEFERRED", Align::Right},
               {"SCHEDULED", Align::Right},
               {"HELD", Align::Right},
               {"OLDEST", Align::Right},
               {"NEXT"},
               {"PAUSED"}});
  const std::string now = text_of(*answer, "now");
  const json::array rows = list_of(*answer, "queues");
  for (const json::value& value : rows) {
    const json::object& row = value.as_object();
    std::vector<std::string> cells{name_of(row)};
    for (std::string& cell : count_cells(child(row, "counts"))) cells.push_back(std::move(cell));
    const std::string next = human_between(now, text_of(row, "next_attempt"));
    cells.push_back(human_between(text_of(row, "oldest"), now));
    cells.push_back(next.empty() ? "-" : "in " + next);
    cells.push_back(text_of(row, "paused"));
    table.add(std::move(cells));
  }
  std::vector<std::string> total{"all"};
  for (std::string& cell : count_cells(child(*answer, "total"))) total.push_back(std::move(cell));
  total.insert(total.end(), {"", "", ""});
  table.add(std::move(total));
  Cli::print(table.text() + rest_of(count_of(*answer, "groups"), rows.size()));
  return {};
}

Ended show_queue(Cli& cli) {
  const std::string domain = cli.arguments.text("DOMAIN");
  if (!domain.empty() && cli.arguments.has("--domain")) {
    return fail_with(kExitUsage, "the domain is given twice: " + domain + " and --domain");
  }
  Query query = cli.criteria();
  if (!domain.empty()) query.emplace_back("domain", domain);
  query.emplace_back("state", cli.arguments.text("--state"));
  query.emplace_back("limit", cli.arguments.text("--limit"));
  const auto answer = cli.get("/v1/recipients", query);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  const json::array rows = list_of(*answer, "recipients");
  Table table = recipient_table();
  for (const json::value& value : rows) add_recipient(table, value.as_object(), text_of(*answer, "now"));
  if (rows.empty()) {
    Cli::print("nothing like that is queued\n");
    return {};
  }
  std::string text = table.text() + rest_of(count_of(*answer, "matched"), rows.size());
  if (const auto untold = count_of(*answer, "untold"); untold > 0) {
    text +=
        fmt::format("\nlast replies of {} rows were not looked up; select fewer, or ask: penstock message show ID\n",
                    human_count(untold));
  }
  Cli::print(text);
  return {};
}

Ended show_ages(Cli& cli) {
  const auto answer = cli.get("/v1/queues/age", group_query(cli));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  std::vector<Table::Column> columns{{group_title(cli)}, {"TOTAL", Align::Right}};
  std::uint64_t last = 0;
  for (const json::value& bound : list_of(*answer, "bounds_minutes")) {
    last = count_of(bound);
    columns.push_back({fmt::format("<{}m", last), Align::Right});
  }
  columns.push_back({fmt::format("{}m+", last), Align::Right});
  Table table(columns);
  const auto add = [&table, &columns](const std::string& name, const json::array& counts) {
    std::uint64_t sum = 0;
    std::vector<std::string> cells{name, ""};
    for (const json::value& count : counts) {
      sum += count_of(count);
      cells.push_back(count_of(count) == 0 ? "-" : human_count(count_of(count)));
    }
    cells[1] = human_count(sum);
    cells.resize(columns.size());
    table.add(std::move(cells));
  };
  const json::array rows = list_of(*answer, "queues");
  for (const json::value& value : rows) add(name_of(value.as_object()), list_of(value.as_object(), "recipients"));
  add("all", list_of(*answer, "total"));
  Cli::print(table.text() + rest_of(count_of(*answer, "groups"), rows.size()));
  return {};
}

Ended show_message(Cli& cli) {
  const auto answer = cli.get("/v1/messages/" + http::encode(cli.arguments.text("ID")));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  const std::string now = text_of(*answer, "now");
  std::string text = fmt::format("message   {}, {}, accepted {} ({} ago) from {}\n", text_of(*answer, "id"),
                                 human_size(count_of(*answer, "bytes")), human_time(text_of(*answer, "received")),
                                 human_between(text_of(*answer, "received"), now), printable(text_of(*answer, "peer")));
  text += fmt::format("sender    <{}>\n", printable(text_of(*answer, "sender")));
  static constexpr std::array<std::pair<const char*, const char*>, 6> kShown{{{"stream", "stream"},
                                                                              {"tenant", "tenant"},
                                                                              {"campaign", "campaign"},
                                                                              {"vMTA", "vmta"},
                                                                              {"envid", "envelope_id"},
                                                                              {"not till", "first_attempt"}}};
  for (const auto& [title, key] : kShown) {
    const std::string value = printable(text_of(*answer, key));
    if (!value.empty()) text += fmt::format("{:<10}{}\n", title, value);
  }
  Table table = recipient_table();
  for (const json::value& value : list_of(*answer, "recipients")) add_recipient(table, value.as_object(), now);
  Cli::print(text + "\n" + table.text());
  return {};
}

}  // namespace penstock::cli
