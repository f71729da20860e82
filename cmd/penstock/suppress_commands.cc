// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "base/csv.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"
#include "http/target.h"
#include "mime/text.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

constexpr std::size_t kCheckEach = 5'000;
constexpr std::size_t kPieceBytes = 512 * 1024;  // of a text; its JSON stays below the daemon's limit for a request
constexpr std::size_t kRecordBytes = 4'000;      // the daemon takes no longer line or record
constexpr std::uint64_t kExportEach = 5'000;
constexpr std::chrono::milliseconds kLook{200};
constexpr std::size_t kBarWidth = 30;

std::string text_or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

Table entry_table() {
  return Table({{"ADDRESS"}, {"SCOPE"}, {"CAUSE"}, {"SINCE"}, {"UNTIL"}, {"BY"}, {"WHY"}});
}

void add_entry(Table& table, const json::object& row) {
  const std::string until = text_of(row, "until");
  const std::string cause = flag_of(row, "removed") ? "(removed)" : text_of(row, "cause");
  const std::string why = text_of(row, "note").empty() ? text_of(row, "reason") : text_of(row, "note");
  table.add({text_of(row, "address"), text_of(row, "scope"), cause, human_time(text_of(row, "since")),
             until.empty() ? "for good" : human_time(until), text_of(row, "who"), why});
}

// A table of the entries, or `none` where there are none.
std::string entries_text(const json::array& rows, std::string_view none) {
  if (rows.empty()) return std::string(none);
  Table table = entry_table();
  for (const json::value& row : rows) add_entry(table, row.as_object());
  return table.text();
}

json::array addresses_of(const Cli& cli) {
  json::array addresses;
  for (const std::string& each : cli.arguments.texts("ADDRESS")) addresses.emplace_back(each);
  return addresses;
}

void copy_options(const Cli& cli, json::object& body,
                  std::initializer_list<std::pair<const char*, const char*>> options) {
  for (const auto& [option, member] : options) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
}

Ended print_counts(const Cli& cli, const json::object& answer, const std::string& words) {
  if (cli.json()) {
    Cli::print_json(answer);
  } else {
    Cli::print(words);
  }
  return {};
}

std::string bar_of(const json::object& import) {
  const auto* value = import.if_contains("progress");
  const double share = value != nullptr && value->is_double() ? std::clamp(value->as_double(), 0.0, 1.0) : 0;
  std::string bar(static_cast<std::size_t>(share * kBarWidth), '#');
  bar.resize(kBarWidth, ' ');
  return fmt::format("[{}] {:3.0f}%  {} lines read, {} bad", bar, share * 100, human_count(count_of(import, "lines")),
                     human_count(count_of(import, "bad")));
}

Got<json::object> follow_import(Cli& cli, json::object import) {
  const bool show = ::isatty(STDERR_FILENO) == 1 && !cli.json();
  while (text_of(import, "state") == "running") {
    if (show) fmt::print(stderr, "\r{}\x1b[K", bar_of(import));
    std::this_thread::sleep_for(kLook);
    auto next = cli.get(fmt::format("/v1/suppressions/imports/{}", count_of(import, "id")));
    if (!next) return next;
    import = std::move(*next);
  }
  if (show) fmt::print(stderr, "\r\x1b[K");
  return import;
}

// The sums of what pieces of one list came to.
void add_up(json::object& sum, const json::object& piece) {
  for (const char* key : {"lines", "good", "bad", "added", "changed", "unchanged"}) {
    sum[key] = count_of(sum, key) + count_of(piece, key);
  }
  json::array bad = list_of(sum, "bad_lines");
  for (const json::value& line : list_of(piece, "bad_lines")) bad.push_back(line);
  sum["bad_lines"] = std::move(bad);
  sum["state"] = text_of(piece, "state");
  sum["detail"] = text_of(piece, "detail");
}

// A line that cannot be sent: JSON is UTF-8.
void add_bad(json::object& sum, std::uint64_t number, const char* reason) {
  sum["bad"] = count_of(sum, "bad") + 1;
  sum["lines"] = count_of(sum, "lines") + 1;
  json::array bad = list_of(sum, "bad_lines");
  bad.push_back(json::object{{"line", number}, {"reason", reason}});
  sum["bad_lines"] = std::move(bad);
}

// From standard input, or where the daemon cannot read the file itself. Ends with the first piece that fails.
Got<json::object> import_in_pieces(Cli& cli, json::object body, std::istream& from) {
  json::object sum;
  std::string heading, piece, line;
  std::uint64_t number = 0, first = 1;
  bool is_csv = true;
  bool failed = false;
  std::size_t open = 0;  // bytes since a quote was opened: no piece ends within a field that has line breaks
  const auto send = [&]() -> Ended {
    if (piece.empty()) return {};
    body["first_line"] = first;
    body["text"] = piece;
    auto import = cli.post("/v1/suppressions/import", body);
    if (!import) return tl::unexpected<Failure>(import.error());
    import = follow_import(cli, std::move(*import));
    if (!import) return tl::unexpected<Failure>(import.error());
    add_up(sum, *import);
    piece.clear();
    failed = text_of(*import, "state") != "done";
    return {};
  };
  while (!failed && std::getline(from, line)) {
    ++number;
    if (!mime::is_utf8(line)) {
      // What comes after it must keep its number.
      if (auto sent = send(); !sent) return tl::unexpected<Failure>(sent.error());
      add_bad(sum, number, "not UTF-8");
      continue;
    }
    if (number == 1) {
      is_csv = line.find('{') == std::string::npos;
      if (!body.contains("format")) body["format"] = is_csv ? "csv" : "ndjson";
      if (is_csv && line.find('@') == std::string::npos) heading = line;
    } else if (piece.empty() && !heading.empty()) {
      piece = heading + "\n";
      first = number - 1;
    } else if (piece.empty()) {
      first = number;
    }
    piece += line + "\n";
    const bool odd = is_csv && std::count(line.begin(), line.end(), '"') % 2 != 0;
    open = (open == 0) == odd ? open + line.size() + 1 : 0;
    if (open > kRecordBytes) open = 0;  // never closed: a bad line
    if (piece.size() < kPieceBytes || open > 0) continue;
    if (auto sent = send(); !sent) return tl::unexpected<Failure>(sent.error());
  }
  if (failed) return sum;
  if (auto sent = send(); !sent) return tl::unexpected<Failure>(sent.error());
  return sum;
}

// An entry's texts have one line; what older ones have in them goes the same way.
std::string csv_field(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  std::string field;
  append_csv_field(text, field);
  return field;
}

}  // namespace

Ended suppress_add(Cli& cli) {
  json::object body{{"addresses", addresses_of(cli)}};
  copy_options(
      cli, body,
      {{"--scope", "scope"}, {"--cause", "cause"}, {"--note", "note"}, {"--reason", "reason"}, {"--until", "until"}});
  const auto answer = cli.post("/v1/suppressions/add", body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  return print_counts(cli, *answer,
                      fmt::format("{} added, {} changed, {} as before\n", count_of(*answer, "added"),
                                  count_of(*answer, "changed"), count_of(*answer, "unchanged")));
}

Ended suppress_remove(Cli& cli) {
  json::object body{{"addresses", addresses_of(cli)}};
  copy_options(cli, body, {{"--scope", "scope"}, {"--note", "note"}});
  const auto answer = cli.post("/v1/suppressions/remove", body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const auto printed = print_counts(cli, *answer, fmt::format("{} removed\n", count_of(*answer, "removed")));
  if (printed && count_of(*answer, "removed") == 0) return fail_with(kExitRefused, "nothing like that is suppressed");
  return printed;
}

Ended suppress_show(Cli& cli) {
  const auto answer = cli.get("/v1/suppressions/" + http::encode(cli.arguments.text("ADDRESS")));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  const json::array rows = list_of(*answer, "suppressions");
  if (rows.empty()) Cli::print("not suppressed, and never was\n");
  for (const json::value& value : rows) {
    const json::object& row = value.as_object();
    const bool removed = flag_of(row, "removed");
    std::string text = fmt::format("{}  {}  {}{}\n", printable(text_of(row, "address")),
                                   printable(text_of(row, "scope")), text_of(row, "cause"), removed ? ", removed" : "");
    const std::string until = text_of(row, "until");
    text += fmt::format("  {}   {} by {}\n", removed ? "removed" : "since  ", human_time(text_of(row, "since")),
                        text_or_dash(printable(text_of(row, "who"))));
    if (!removed) text += fmt::format("  until     {}\n", until.empty() ? "for good" : human_time(until));
    for (const auto& [title, key] : {std::pair{"reason", "reason"}, {"source", "source"}, {"note", "note"}}) {
      if (!text_of(row, key).empty()) text += fmt::format("  {:<8}  {}\n", title, printable(text_of(row, key)));
    }
    if (flag_of(row, "investigate")) text += "  to be looked at: penstock suppress review\n";
    Cli::print(text);
  }
  return {};
}

Ended suppress_check(Cli& cli) {
  std::vector<std::string> addresses = cli.arguments.texts("ADDRESS");
  if (addresses.size() == 1 && addresses.front() == "-") {
    addresses.clear();
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty()) addresses.push_back(line);
    }
  }
  json::array all;
  json::array unusable;
  for (std::size_t at = 0; at < addresses.size(); at += kCheckEach) {
    json::array some;
    for (std::size_t i = at; i < std::min(addresses.size(), at + kCheckEach); ++i) some.emplace_back(addresses[i]);
    json::object body{{"addresses", std::move(some)}};
    copy_options(cli, body, {{"--tenant", "tenant"}, {"--stream", "stream"}, {"--list", "list"}});
    const auto answer = cli.post("/v1/suppressions/check", body);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    for (const json::value& one : list_of(*answer, "suppressed")) all.push_back(one);
    for (const json::value& one : list_of(*answer, "unusable")) unusable.push_back(one);
  }
  const std::size_t none = unusable.size();
  std::string first;
  if (none > 0) first = printable({unusable.front().as_string().data(), unusable.front().as_string().size()});
  if (cli.json()) {
    Cli::print_json({{"checked", addresses.size()}, {"suppressed", std::move(all)}, {"unusable", std::move(unusable)}});
  } else if (none < addresses.size()) {
    json::array entries;
    for (const json::value& one : all) entries.emplace_back(child(one.as_object(), "suppression"));
    Cli::print(entries_text(entries, "none is suppressed\n"));
  }
  if (none == 0) return {};
  return fail_with(kExitUsage, none == 1 ? fmt::format("\"{}\" is no address", first)
                                         : fmt::format("{} are no addresses, the first is \"{}\"", none, first));
}

Ended suppress_list(Cli& cli) {
  const bool review = !cli.arguments.has("--scope") && cli.arguments.has("--review");
  Query query{{"limit", cli.arguments.text("--limit")},   {"cursor", cli.arguments.text("--cursor")},
              {"domain", cli.arguments.text("--domain")}, {"scope", cli.arguments.text("--scope")},
              {"cause", cli.arguments.text("--cause")},   {"review", review ? "true" : ""}};
  const auto answer = cli.get("/v1/suppressions", query);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  std::string text = entries_text(list_of(*answer, "suppressions"), "nothing like that is suppressed here\n");
  if (flag_of(*answer, "more")) text += fmt::format("\nmore: --cursor {}\n", count_of(*answer, "cursor"));
  Cli::print(text);
  return {};
}

Ended suppress_review(Cli& cli) {
  const json::array addresses = addresses_of(cli);
  if (!addresses.empty()) {
    const auto answer = cli.post("/v1/suppressions/review", {{"addresses", addresses}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return print_counts(cli, *answer, fmt::format("{} marked as looked at\n", count_of(*answer, "reviewed")));
  }
  const auto answer = cli.get("/v1/suppressions", {{"review", "true"}, {"limit", cli.arguments.text("--limit")}});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  Cli::print(entries_text(list_of(*answer, "suppressions"), "nothing waits for a look\n"));
  return {};
}

Ended suppress_import(Cli& cli) {
  const std::string file = cli.arguments.text("FILE");
  json::object body;
  copy_options(
      cli, body,
      {{"--scope", "scope"}, {"--cause", "cause"}, {"--note", "note"}, {"--format", "format"}, {"--until", "until"}});
  Got<json::object> import;
  std::error_code unknown;
  const bool is_own =
      file.starts_with("/dev/") || file.starts_with("/proc/") || std::filesystem::is_fifo(file, unknown);
  if (file == "-") {
    import = import_in_pieces(cli, body, std::cin);
  } else if (is_own) {
    // To the daemon "/dev/stdin" is something else.
    std::ifstream own(file);
    import = import_in_pieces(cli, body, own);
  } else {
    json::object by_path = body;
    by_path["path"] = std::filesystem::absolute(file).string();
    import = cli.post("/v1/suppressions/import", by_path);
    if (import) import = follow_import(cli, std::move(*import));
    // The daemon may run as another user, or on another machine.
    std::ifstream readable(file);
    if (import && text_of(*import, "state") == "failed" && count_of(*import, "lines") == 0 && readable) {
      import = import_in_pieces(cli, body, readable);
    }
  }
  if (!import) return tl::unexpected<Failure>(import.error());
  if (cli.json()) {
    Cli::print_json(*import);
  } else {
    for (const json::value& line : list_of(*import, "bad_lines")) {
      fmt::print(stderr, "line {}: {}\n", count_of(line.as_object(), "line"),
                 printable(text_of(line.as_object(), "reason")));
    }
    Cli::print(fmt::format("{} lines: {} added, {} changed, {} as before, {} bad\n",
                           human_count(count_of(*import, "lines")), human_count(count_of(*import, "added")),
                           human_count(count_of(*import, "changed")), human_count(count_of(*import, "unchanged")),
                           human_count(count_of(*import, "bad"))));
  }
  const std::string state = text_of(*import, "state");
  if (state == "done" || state.empty()) return {};
  return fail_with(kExitRefused, fmt::format("the import {}: {}", state, text_of(*import, "detail")));
}

Ended suppress_export(Cli& cli) {
  const bool csv = cli.arguments.text("--format") == "csv";
  constexpr std::array kColumns{"address", "scope", "cause", "reason", "source", "note", "who", "since", "until"};
  if (csv) Cli::print("address,scope,cause,reason,source,note,who,since,until\n");
  std::uint64_t cursor = 0;
  for (bool more = true; more;) {
    const auto answer = cli.get("/v1/suppressions", {{"cursor", std::to_string(cursor)},
                                                     {"limit", std::to_string(kExportEach)},
                                                     {"scope", cli.arguments.text("--scope")},
                                                     {"cause", cli.arguments.text("--cause")}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    for (const json::value& value : list_of(*answer, "suppressions")) {
      json::object row = value.as_object();
      row.erase("seq");
      if (!csv) {
        Cli::print_json(row);
        continue;
      }
      std::string line;
      for (const char* column : kColumns) line += (line.empty() ? "" : ",") + csv_field(text_of(row, column));
      Cli::print(line + "\n");
    }
    cursor = count_of(*answer, "cursor");
    more = flag_of(*answer, "more");
  }
  return {};
}

Ended suppress_changes(Cli& cli) {
  std::string cursor = cli.arguments.text("--cursor");
  while (true) {
    const auto answer =
        cli.get("/v1/suppressions/changes", {{"cursor", cursor}, {"limit", cli.arguments.text("--limit")}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const json::array rows = list_of(*answer, "suppressions");
    for (const json::value& row : rows) Cli::print_json(row.as_object());
    cursor = std::to_string(count_of(*answer, "cursor"));
    if (!cli.arguments.has("--follow")) return {};
    if (rows.empty()) std::this_thread::sleep_for(kLook);
  }
}

}  // namespace penstock::cli
