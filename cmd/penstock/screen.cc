// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

constexpr std::array<const char*, 6> kCounts{"ready", "in_delivery", "deferred", "scheduled", "held", "total"};
constexpr std::array<const char*, 7> kFlow{"accepted", "rejected", "delivered", "deferred",
                                           "bounced",  "expired",  "suppressed"};

std::string title_of(std::string_view key) {
  std::string title(key);
  for (char& c : title) c = c == '_' ? ' ' : c;
  return title;
}

std::string format_queue(const json::object& counts) {
  std::vector<Table::Column> columns{{"queue", Align::Left}};
  std::vector<std::string> cells{"recipients"};
  for (const char* key : kCounts) {
    columns.push_back({title_of(key), Align::Right});
    cells.push_back(human_count(count_of(counts, key)));
  }
  Table table(std::move(columns));
  table.add(std::move(cells));
  return table.text();
}

std::string format_flow(const json::object& rates, const json::object& totals) {
  std::vector<Table::Column> columns{{"recipients", Align::Left}};
  std::vector<std::string> now{"per second"};
  std::vector<std::string> all{"since start"};
  for (const char* key : kFlow) {
    columns.push_back({key, Align::Right});
    now.push_back(human_rate(number_of(rates, key)));
    all.push_back(human_count(count_of(totals, key)));
  }
  Table table(std::move(columns));
  table.add(std::move(now));
  table.add(std::move(all));
  return table.text();
}

std::string format_troubles(const json::object& status) {
  std::string text;
  for (const json::value& value : list_of(status, "troubles")) {
    if (!value.is_object()) continue;
    const json::object& trouble = value.as_object();
    text += fmt::format("! {}: {}", printable(text_of(trouble, "part")), printable(text_of(trouble, "message")));
    const std::string since = text_of(trouble, "since");
    if (!since.empty()) text += fmt::format(" (since {})", human_time(since));
    text += "\n";
    if (const std::string hint = text_of(trouble, "hint"); !hint.empty()) text += "    " + printable(hint) + "\n";
  }
  return text;
}

}  // namespace

std::string format_status(const json::object& status) {
  std::string text = fmt::format("{}  penstock {}  {}", printable(text_of(status, "node")),
                                 printable(text_of(status, "version")), text_of(status, "state"));
  const std::string up = human_between(text_of(status, "started"), text_of(status, "now"));
  if (!up.empty()) text += "  up " + up;
  text += fmt::format("  pid {}\n\n", count_of(status, "pid"));
  text += format_queue(child(status, "queue")) + "\n";
  text += format_flow(child(status, "rates"), child(status, "totals")) + "\n";
  const auto memory = count_of(status, "memory_bytes");
  text += fmt::format("connections {} in, {} out   memory {}   spool {}, {} free   shards {}\n",
                      human_count(count_of(status, "connections_in")), human_count(count_of(status, "connections_out")),
                      memory == 0 ? "unknown" : human_size(memory), human_size(count_of(status, "spool_bytes")),
                      human_size(count_of(status, "spool_free_bytes")), count_of(status, "shards"));
  if (const std::string file = text_of(status, "config_file"); !file.empty()) {
    text += fmt::format("configuration {}, loaded {}\n", printable(file), human_time(text_of(status, "config_loaded")));
  }
  if (const auto pauses = count_of(status, "pauses"); pauses > 0)
    text += fmt::format("pauses {}: penstock pauses\n", pauses);
  if (const auto jobs = count_of(status, "jobs_running"); jobs > 0)
    text += fmt::format("jobs running {}: penstock jobs\n", jobs);
  const std::string troubles = format_troubles(status);
  return troubles.empty() ? text : text + "\n" + troubles;
}

std::string format_paths(const json::object& answer) {
  Table table({{"PATH"},
               {"STATE"},
               {"CONN", Align::Right},
               {"MAX", Align::Right},
               {"MAX/S", Align::Right},
               {"READY", Align::Right},
               {"IN DELIVERY", Align::Right},
               {"DELIVERED/S", Align::Right},
               {"DEFERRED/S", Align::Right},
               {"BOUNCED/S", Align::Right},
               {"ACTIONS", Align::Right},
               {"WHY"}});
  const std::string now = text_of(answer, "now");
  for (const json::value& value : list_of(answer, "paths")) {
    if (!value.is_object()) continue;
    const json::object& row = value.as_object();
    const json::object rates = child(row, "rates");
    std::string why = text_of(row, "cause");
    const std::string since = human_between(text_of(row, "since"), now);
    const std::string until = human_between(now, text_of(row, "until"));
    if (!since.empty()) why += fmt::format("; since {}", since);
    if (!until.empty()) why += fmt::format("; {} to go", until);
    const auto actions = list_of(row, "actions");
    for (const json::value& action : actions) {
      if (action.is_string()) why += (why.empty() ? "" : "; ") + std::string(action.as_string());
    }
    const auto most = count_of(row, "connections_max");
    const double rate = number_of(row, "rate");
    table.add({text_of(row, "path"), text_of(row, "state"), human_count(count_of(row, "connections")),
               most == 0 ? "-" : human_count(most), rate > 0 ? human_rate(rate) : "-",
               human_count(count_of(row, "ready")), human_count(count_of(row, "in_delivery")),
               human_rate(number_of(rates, "delivered")), human_rate(number_of(rates, "deferred")),
               human_rate(number_of(rates, "bounced")), actions.empty() ? "-" : human_count(actions.size()), why});
  }
  return table.text();
}

namespace {

void add_line(std::string& text, std::string_view label, const std::string& what) {
  if (!what.empty()) text += fmt::format("  {:<8} {}\n", label, printable(what));
}

// Remarks under a table, each once: a file has one for several values.
class Notes {
 public:
  // "1", as a cell shows it; "" of no remark.
  std::string number_of(const std::string& note) {
    if (note.empty()) return "";
    const auto known = std::find(notes_.begin(), notes_.end(), note);
    const auto number = known - notes_.begin() + 1;
    if (known == notes_.end()) notes_.push_back(note);
    return std::to_string(number);
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      text += fmt::format("note {:<2} {}\n", i + 1, printable(notes_[i]));
    }
    return text.empty() ? text : text + "\n";
  }

 private:
  std::vector<std::string> notes_;
};

std::string scope_text(const json::object& scope, const std::string& now) {
  std::string text = fmt::format("{}: {}", printable(text_of(scope, "scope")), text_of(scope, "state"));
  const auto most = count_of(scope, "connections_max");
  text += fmt::format("; {} of {} connections", count_of(scope, "connections"), most == 0 ? "-" : human_count(most));
  if (const double rate = number_of(scope, "rate"); rate > 0) text += fmt::format("; {}/s now", human_rate(rate));
  if (const double most_taken = number_of(scope, "rate_ceiling"); most_taken > 0) {
    text += fmt::format("; found to take {}/s", human_rate(most_taken));
  }
  if (const auto messages = count_of(scope, "messages_per_connection"); messages > 0) {
    text += fmt::format("; {} messages a connection", human_count(messages));
  }
  text += fmt::format("; {} of {} answers of the last minute refused\n", count_of(scope, "refusals"),
                      count_of(scope, "attempts"));
  add_line(text, "why", text_of(scope, "rule"));
  add_line(text, "reply", text_of(scope, "cause"));
  add_line(text, "since", human_between(text_of(scope, "since"), now));
  add_line(text, "to go", human_between(now, text_of(scope, "until")));
  add_line(text, "next", text_of(scope, "next"));
  add_line(text, "by", text_of(scope, "by"));
  return text;
}

}  // namespace

std::string format_explanation(const json::object& answer) {
  std::string text = text_of(answer, "path").empty() ? "no path yet" : printable(text_of(answer, "path"));
  const std::string provider = text_of(answer, "provider");
  text += fmt::format("\nprovider: {} ({})\n\n", provider.empty() ? "none" : printable(provider),
                      printable(text_of(answer, "found_by")));
  Table table({{"KEY"}, {"VALUE"}, {"FROM"}, {"STANDING"}, {"NOTE", Align::Right}, {"REFERENCE"}});
  Notes notes;
  for (const json::value& value : list_of(answer, "values")) {
    if (!value.is_object()) continue;
    const json::object& row = value.as_object();
    const std::string shown = text_of(row, "value");
    const std::string reference = text_of(row, "reference");
    table.add({text_of(row, "key"), shown.empty() ? "-" : shown, text_of(row, "origin"), text_of(row, "standing"),
               notes.number_of(text_of(row, "note")), reference == shown ? "" : reference});
  }
  text += table.text() + "\n" + notes.text();
  const json::array scopes = list_of(answer, "scopes");
  if (scopes.empty()) text += "nothing was sent there since the start\n";
  for (const json::value& value : scopes) {
    if (value.is_object()) text += scope_text(value.as_object(), text_of(answer, "now"));
  }
  return text;
}

}  // namespace penstock::cli
