// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <limits>
#include <memory>
#include <thread>

#include "base/plain_json.h"
#include "sim/commands.h"
#include "sim/errc.h"
#include "sim/load.h"

namespace penstock::sim {
namespace {

// As typed; read by read_options().
struct Texts {
  std::vector<std::string> to;
  std::string size = "10KiB";
  std::string domains = "example.test";
  std::string rate;
  std::string run_for;
  std::string retry_for = "0s";
  std::string timeout = "60s";
  std::string pipelining = "on";
  LoadOptions options;
  bool json = false;
  bool quiet = false;
};

std::atomic<Load*> running_load{nullptr};

void on_signal(int /*signal*/) {
  if (Load* load = running_load.load()) load->stop();
}

Result<> read_span(const std::string& text, Duration& out) {
  if (text.empty()) return {};
  const auto span = parse_duration(text);
  if (!span) return fail(Errc::BadArgument, span.error());
  out = *span;
  return {};
}

Result<> read_options(Texts& texts) {
  LoadOptions& options = texts.options;
  for (const std::string& to : texts.to) {
    auto endpoint = net::parse_endpoint(to);
    if (!endpoint) return fail(endpoint.error());
    options.to.push_back(*endpoint);
  }
  auto sizes = parse_sizes(texts.size);
  if (!sizes) return fail(sizes.error());
  options.plan.sizes = std::move(*sizes);
  auto domains = parse_domains(texts.domains);
  if (!domains) return fail(domains.error());
  options.plan.domains = std::move(*domains);
  if (!texts.rate.empty()) {
    const auto rate = parse_rate(texts.rate);
    if (!rate) return fail(Errc::BadArgument, rate.error());
    options.rate = *rate;
  }
  for (const std::string& header : options.plan.headers) {
    if (header.find(':') == std::string::npos || header.find_first_of("\r\n") != std::string::npos) {
      return fail(Errc::BadArgument, fmt::format("\"{}\" is not of the form \"Name: value\"", header));
    }
  }
  if (auto done = read_span(texts.run_for, options.run_for); !done) return done;
  if (auto done = read_span(texts.retry_for, options.retry_for); !done) return done;
  if (auto done = read_span(texts.timeout, options.timeout); !done) return done;
  options.pipelining = texts.pipelining == "on";
  options.threads = std::min<std::size_t>(options.threads, options.sessions);
  if (options.plan.run.empty()) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    options.plan.run = fmt::format("{:x}", std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  }
  return {};
}

void show_progress(std::uint64_t settled, std::uint64_t messages) {
  constexpr std::size_t kWidth = 40;
  const double share = static_cast<double>(settled) / static_cast<double>(messages);
  const auto done = std::min(kWidth, static_cast<std::size_t>(share * kWidth));
  fmt::print(stderr, "\r[{:#<{}}{:<{}}] {:>3.0f} %  {}", "", done, "", kWidth - done, share * 100, settled);
  std::fflush(stderr);
}

int send(Texts& texts) {
  if (const auto read = read_options(texts); !read) return complain(read.error());
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ::signal(SIGPIPE, SIG_IGN);
  Load load(texts.options);
  running_load = &load;
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);
  const bool bar = !texts.quiet && ::isatty(STDERR_FILENO) != 0;
  const std::uint64_t messages = texts.options.messages;
  const auto result = load.run([&](std::uint64_t settled) {
    if (bar) show_progress(settled, messages);
  });
  running_load = nullptr;
  if (bar) fmt::print(stderr, "\r{:70}\r", "");
  if (!result) return complain(result.error());
  fmt::print("{}", texts.json ? plain_json(to_json(*result)) + "\n" : load_table(*result));
  return result->counts.acknowledged > 0 && result->unsent == 0 ? kDone : kNo;
}

void declare_plan(CLI::App& command, Texts& texts) {
  PlanOptions& plan = texts.options.plan;
  command.add_option("--size", texts.size, "10KiB, or shares: 2KiB:50,10KiB:40,100KiB:10")->capture_default_str();
  command.add_option("--domains", texts.domains, "Domains with weights: a.test=40,d{1..1000}.test=60")
      ->capture_default_str();
  command.add_option("--recipients-per-message", plan.recipients_per_message, "All in one domain")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command.add_option("--header", plan.headers, "Header field added to each message, \"Name: value\"")
      ->allow_extra_args(false);
  command.add_option("--from", plan.from, "Sender; {n} is the message's number")->capture_default_str();
  command.add_option("--recipient", plan.recipient, "Local part of recipients; {n} message, {i} recipient of it");
  command.add_option("--seed", plan.seed, "Same seed, same messages")->capture_default_str();
  plan.run.clear();
  command.add_option("--run", plan.run, "First part of every sim id; default: made from the time");
}

}  // namespace

CommandAction add_send(CLI::App& app) {
  auto texts = std::make_shared<Texts>();
  LoadOptions& options = texts->options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  auto* command = app.add_subcommand("send", "Send messages and say what came of them");
  command->add_option("--to", texts->to, "Address and port of the server; may be repeated")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--sessions", options.sessions, "Connections at the same time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  auto* messages = command->add_option("--messages", options.messages, "Messages to settle (acknowledged or refused)")
                       ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
                       ->capture_default_str();
  command->add_option("--for", texts->run_for, "Send for this long instead of a number of messages");
  command->add_option("--rate", texts->rate, "In all, as 500/s; default: as fast as possible");
  command->add_option("--messages-per-session", options.messages_per_session,
                      "Then QUIT and connect anew; 0: no limit");
  command->add_option("--source", options.sources, "Address to leave from; may be repeated")->allow_extra_args(false);
  command->add_option("--ehlo", options.ehlo, "Name to greet with")->capture_default_str();
  command->add_option("--pipelining", texts->pipelining, "on or off")->check(CLI::IsMember({"on", "off"}));
  command->add_option("--ledger", options.ledger, "Write a line per acknowledged recipient to this file");
  command->add_option("--retry-for", texts->retry_for, "How long a session tries to come back to a server that is gone")
      ->capture_default_str();
  command->add_option("--timeout", texts->timeout, "For each answer")->capture_default_str();
  command->add_option("--threads", options.threads, "Threads (one per core)")->check(CLI::Range(1, 256));
  command->add_flag("--json", texts->json, "Print the result as JSON");
  command->add_flag("--quiet", texts->quiet, "No progress on the terminal");
  declare_plan(*command, *texts);
  return [texts, messages] {
    if (!texts->run_for.empty() && messages->count() == 0) texts->options.messages = std::uint64_t{1} << 40;
    return send(*texts);
  };
}

}  // namespace penstock::sim
