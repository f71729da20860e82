// SPDX-License-Identifier: Apache-2.0
// penstock preflight: needs no daemon. It reads the configuration and looks at the world as the daemon would.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

#include "api/words.h"
#include "base/secret_file.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/dkim_lookup.h"
#include "cmd/penstock/preflight_text.h"
#include "cmd/penstock/terminal.h"
#include "config/load.h"
#include "dns/cached_resolver.h"
#include "dns/configured.h"
#include "dns/unbound_resolver.h"
#include "net/shard.h"
#include "preflight/run.h"

namespace penstock::cli {
namespace {

constexpr const char* kDefaultConfig = "/etc/penstock/penstock.toml";

Got<std::shared_ptr<const config::Config>> load_config(const std::string& path) {
  const config::Loaded loaded = config::load_file(path);
  if (loaded.config) {
    accept_secrets_of(loaded.config->node.user);
    return loaded.config;
  }
  std::string text = path + " cannot be used";
  for (const config::Problem& problem : loaded.problems) {
    if (problem.is_error) text += "\n  " + config::format_problem(problem);
  }
  return fail_with(kExitUsage, std::move(text),
                   "name the file with --config FILE; penstock check-config tells all of it");
}

Ended check_stream_name(const config::Config& config, const std::string& name) {
  if (name.empty() || config.find_stream(name) != nullptr) return {};
  std::vector<std::string_view> known;
  known.reserve(config.streams.size());
  for (const config::Stream& stream : config.streams) known.push_back(stream.name);
  const std::string_view nearest = api::nearest_word(name, known);
  return fail_with(kExitUsage, fmt::format("no stream \"{}\" is configured", name),
                   nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest));
}

// Of --message and --sender; nothing without.
Got<std::optional<preflight::Sample>> read_sample(const Arguments& arguments) {
  const std::string file = arguments.text("--message");
  if (file.empty()) {
    if (!arguments.has("--sender")) return std::optional<preflight::Sample>();
    return fail_with(kExitUsage, "--sender is that of a --message");
  }
  if (arguments.text("--stream").empty()) {
    return fail_with(kExitUsage, "--message needs --stream NAME: the rules it is held against are a stream's");
  }
  auto text = read_input(file);
  if (!text) return fail_with(kExitUsage, text.error().message);
  return std::optional(preflight::Sample{file, dkim::with_crlf(*text), arguments.text("--sender")});
}

net::Task<> run_all(const preflight::World& world, preflight::Options options, std::promise<preflight::Report>& done) {
  preflight::Report report = co_await preflight::run(world, std::move(options));
  done.set_value(std::move(report));
}

Got<preflight::Report> run_checks(const config::Config& config, preflight::Options options) {
  const SystemClock clock;
  metrics::Registry registry;
  dns::Probe probe(registry);
  net::ShardSet shards(1);
  dns::UnboundResolver upstream(dns::configured(config.dns), probe);
  if (auto started = upstream.start(); !started) {
    return fail_with(kExitUsage, started.error().to_string(), "see [dns] of the configuration");
  }
  dns::CachedResolver resolver(shards, upstream, clock, probe);
  const preflight::World world{config, resolver, shards[0], clock};
  std::promise<preflight::Report> done;
  auto report = done.get_future();
  shards[0].spawn("preflight", run_all(world, std::move(options), done));
  shards.start();
  preflight::Report got = report.get();
  upstream.stop();
  shards.stop();
  return got;
}

void show_progress(const preflight::Progress& progress) {
  fmt::print(stderr, "\r{}\x1b[K", preflight_progress(progress));
}

PreflightStyle style_of(const Cli& cli) {
  PreflightStyle style;
  if (Terminal::is_there()) style.columns = Terminal::size().columns;
  style.colours = Terminal::is_there() && std::getenv("NO_COLOR") == nullptr;
  style.problems_only = cli.arguments.has("--problems");
  return style;
}

}  // namespace

Ended run_preflight(Cli& cli) {
  const std::string path = cli.arguments.has("--config") ? cli.arguments.text("--config") : kDefaultConfig;
  const auto config = load_config(path);
  if (!config) return tl::unexpected<Failure>(config.error());
  auto sample = read_sample(cli.arguments);
  if (!sample) return tl::unexpected<Failure>(sample.error());
  preflight::Options options{.stream = cli.arguments.text("--stream"), .sample = std::move(*sample), .on_progress = {}};
  if (auto known = check_stream_name(**config, options.stream); !known) return known;
  const bool shows = ::isatty(STDERR_FILENO) == 1 && !cli.json();
  if (shows) options.on_progress = show_progress;
  const auto begun = std::chrono::steady_clock::now();
  const auto report = run_checks(**config, std::move(options));
  if (shows) fmt::print(stderr, "\r\x1b[K");
  if (!report) return tl::unexpected<Failure>(report.error());
  const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
  if (cli.json()) {
    Cli::print_json(preflight_json(*report, took));
  } else {
    Cli::print(preflight_text(*report, style_of(cli)));
    Cli::print(preflight_summary(*report, took) + "\n");
  }
  if (report->good()) return {};
  return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
}

}  // namespace penstock::cli
