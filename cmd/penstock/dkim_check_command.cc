// SPDX-License-Identifier: Apache-2.0
// penstock dkim check: keys here against keys in DNS. One that is named, or all that [[dkim]] declares for a domain,
// each as its dates ask for: before `publish` its record need not be there, before `sign` it may be missing with a
// warning, and from `retire` on it is not looked at.
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/secret_file.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/dkim_lookup.h"
#include "config/load.h"
#include "dkim/key_match.h"
#include "dkim/key_record.h"
#include "dkim/signer.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultConfig = "/etc/penstock/penstock.toml";

struct Row {
  std::string name{};  // of the record
  std::string selector{};
  std::string key_file{};
  std::string service{};        // "": mail
  std::string state = "signs";  // "waits": before `sign`; "unpublished": before `publish`; "retired"
  bool fails = false;           // it is not as it must be now
  std::string problem{};
  std::string wanted{};  // the record that the key asks for
  std::vector<std::string> records{};
};

std::string state_of(const config::Dkim& key, Time now) {
  if (key.retire && now >= *key.retire) return "retired";
  if (key.publish && now < *key.publish) return "unpublished";
  return key.sign && now < *key.sign ? "waits" : "signs";
}

void compare(Row& row, const dkim::KeyPair& key, const dkim::KeyAnswer& answer) {
  row.records = answer.records;
  row.wanted = dkim::format_key_record(key.type(), key.public_key(), false, row.service);
  row.problem = dkim::mismatch(answer, key, row.name, row.service.empty() ? dkim::kMailService : row.service);
  row.fails = !row.problem.empty() && row.state == "signs";
}

json::object to_json(const Row& row) {
  json::array records;
  for (const std::string& record : row.records) records.emplace_back(record);
  return {{"name", row.name},        {"ok", row.problem.empty()},     {"problem", row.problem},
          {"state", row.state},      {"records", std::move(records)}, {"wanted", row.wanted},
          {"key_file", row.key_file}};
}

std::string to_text(const Row& row) {
  if (row.state == "retired") return row.name + ": retired, so its record may go\n";
  if (row.state == "unpublished") return row.name + ": need not be in DNS yet (publish)\n";
  if (row.problem.empty()) return row.name + ": the key in DNS is the one in the file\n";
  const std::string when = row.state == "waits" ? " (it does not sign yet)" : "";
  const std::string wanted = row.wanted.empty() ? "" : "\n  wanted: " + dkim::format_txt_strings(row.wanted);
  return row.name + ": " + row.problem + when + wanted + "\n";
}

Ended check_one(Cli& cli, const std::string& domain) {
  Row row{.selector = cli.arguments.text("--selector"),
          .key_file = cli.arguments.text("--key"),
          .service = cli.arguments.text("--service")};
  if (row.selector.empty() || row.key_file.empty()) {
    return fail_with(kExitUsage, "--selector and --key go together; without them the configuration's keys are checked");
  }
  if (const auto good = dkim::Signer::check({.domain = domain, .selector = row.selector}); !good) {
    return fail_with(kExitUsage, good.error());
  }
  const auto key = read_key(row.key_file);
  if (!key) return tl::unexpected<Failure>(key.error());
  row.name = dkim::key_name(row.selector, domain);
  const auto answers = find_keys({row.name}, cli.arguments.text("--keys"), cli.arguments.text("--resolver"));
  if (!answers) return tl::unexpected<Failure>(answers.error());
  compare(row, *key, answers->at(row.name));
  if (cli.json()) {
    Cli::print_json(to_json(row));
  } else {
    Cli::print(to_text(row));
  }
  if (!row.fails) return {};
  return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
}

// The keys of the domain, in the configuration's order.
Got<std::vector<Row>> rows_of(const std::string& path, const std::string& domain) {
  const config::Loaded loaded = config::load_file(path);
  if (!loaded.config) return fail_with(kExitRefused, path + " has mistakes; penstock check-config tells them");
  accept_secrets_of(loaded.config->node.user);
  const Time now = SystemClock().wall();
  std::vector<Row> rows;
  for (const config::Dkim& key : loaded.config->dkim) {
    if (key.domain != domain) continue;
    rows.push_back({.name = dkim::key_name(key.selector, key.domain),
                    .selector = key.selector,
                    .key_file = key.key_file,
                    .service = loaded.config->is_for_tls_reports(key) ? std::string(dkim::kTlsReportService) : "",
                    .state = state_of(key, now)});
  }
  if (rows.empty()) {
    return fail_with(kExitRefused, fmt::format("{} has no [[dkim]] key of {}", path, domain),
                     "name a key with --selector and --key, or the file with --config");
  }
  return rows;
}

Ended check_configured(Cli& cli, const std::string& domain) {
  const std::string path = cli.arguments.has("--config") ? cli.arguments.text("--config") : kDefaultConfig;
  auto rows = rows_of(path, domain);
  if (!rows) return tl::unexpected<Failure>(rows.error());
  std::vector<std::string> names;
  for (const Row& row : *rows) {
    if (row.state == "signs" || row.state == "waits") names.push_back(row.name);
  }
  const auto answers = find_keys(names, cli.arguments.text("--keys"), cli.arguments.text("--resolver"));
  if (!answers) return tl::unexpected<Failure>(answers.error());
  bool fails = false;
  for (Row& row : *rows) {
    const auto answer = answers->find(row.name);
    if (answer == answers->end()) continue;
    const auto key = read_key(row.key_file);
    if (key) {
      compare(row, *key, answer->second);
    } else {
      row.problem = key.error().message;
      row.fails = true;
    }
    fails = fails || row.fails;
  }
  if (cli.json()) {
    json::array keys;
    for (const Row& row : *rows) keys.push_back(to_json(row));
    Cli::print_json({{"domain", domain}, {"ok", !fails}, {"keys", std::move(keys)}});
  } else {
    for (const Row& row : *rows) Cli::print(to_text(row));
  }
  if (!fails) return {};
  return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
}

}  // namespace

Ended dkim_check(Cli& cli) {
  const std::string domain = cli.arguments.text("DOMAIN");
  const bool named = cli.arguments.has("--selector") || cli.arguments.has("--key");
  if (named && cli.arguments.has("--config"))
    return fail_with(kExitUsage, "--config and --selector exclude each other");
  return named ? check_one(cli, domain) : check_configured(cli, domain);
}

}  // namespace penstock::cli
