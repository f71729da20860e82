// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/arguments.h"
#include "cmd/penstock/commands.h"

namespace penstock::cli {
namespace {

using Options = std::vector<OptionSpec>;

constexpr std::string_view kGroups = "domain stream tenant campaign provider vmta";
constexpr std::string_view kStates = "ready in_delivery deferred scheduled held";
constexpr std::string_view kTypes =
    "accepted rejected delivered deferred bounced expired suppressed held released bounce-report complaint "
    "unsubscribed admin action config bulk-rules warmup";

constexpr std::string_view kCauses =
    "invalid-mailbox invalid-domain inactive-mailbox mailbox-full policy soft-bounces complaint unsubscribe operator "
    "bounce";

constexpr std::string_view kSteps = "connect banner ehlo starttls auth mail rcpt data end-of-data rset quit";

const OptionSpec kAll{"--all", "", "everything"};
const OptionSpec kDryRun{"--dry-run", "", "only count what would be touched"};
const OptionSpec kReason{"--reason", "TEXT", "why; kept and shown"};
const OptionSpec kLimitRows{"--limit", "ROWS", "at most so many rows (100)"};

// What a pause can name: mail to come as well as queued mail.
Options broad_criteria() {
  return {{"--stream", "NAME", "of this stream"},
          {"--tenant", "NAME", "of this tenant"},
          {"--campaign", "NAME", "of this campaign"},
          {"--domain", "NAME", "to this domain"},
          {"--provider", "NAME", "to this provider"},
          {"--vmta", "NAME", "leaving from this vMTA, as far as that is settled"},
          {"--path", "PATH", "on this egress path, as `penstock paths` names it"}};
}

Options criteria() {
  Options options = broad_criteria();
  options.push_back({"--message", "ID", "of this message"});
  options.push_back({"--recipient", "ADDRESS", "to this address"});
  return options;
}

Options with(Options options, const Options& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

// Options of the commands that change queued recipients.
Options act_options(const Options& more = {}) {
  const Options shared = {kAll, kReason, kDryRun, {"--no-wait", "", "return at once; see `penstock jobs`"}};
  return with(with(criteria(), shared), more);
}

// Those that only look.
std::vector<CommandSpec> looking_commands() {
  const OptionSpec by{"--by", "GROUP", "group by domain (default), stream, tenant, campaign, provider or vmta",
                      kGroups};
  return {
      {.name = "status", .help = "how the daemon is: queues, rates, what is wrong", .options = {}, .run = show_status},
      {.name = "top",
       .help = "the same live, with the busiest egress paths; q quits",
       .options = {{"--interval", "DURATION", "between updates (1s)"},
                   {"--once", "", "print one screen and end"},
                   {"--limit", "ROWS", "paths shown (as many as fit)"}},
       .run = show_top},
      {.name = "paths",
       .help = "egress paths: connections, rates, why one is slowed or stopped",
       .options = {{"--vmta", "NAME", "of this vMTA"},
                   {"--provider", "NAME", "to this provider"},
                   {"--path", "PATH", "this one"},
                   kLimitRows},
       .run = list_paths},
      {.name = "path explain",
       .help = "VMTA and DOMAIN: every value that counts there and where it comes from, and what holds it back",
       .positional = "VMTA",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {{"--stream", "NAME", "mail of this stream (the fallback stream)"},
                   {"--provider", "NAME", "as if the domain belonged to it (looked up)"}},
       .run = explain_path},
      {.name = "queue list",
       .help = "what is queued, the largest groups first",
       .options = with({by, kLimitRows}, criteria()),
       .run = list_queues},
      {.name = "queue show",
       .help = "queued recipients one by one, with their last reply",
       .positional = "DOMAIN",
       .positional_need = Need::Optional,
       .options = with({{"--state", "STATE", "ready, in_delivery, deferred, scheduled or held", kStates}, kLimitRows},
                       criteria()),
       .run = show_queue},
      {.name = "queue age",
       .help = "what is queued by age: how long mail has been waiting for whom",
       .options = with({by, kLimitRows}, criteria()),
       .run = show_ages},
      {.name = "message show",
       .help = "one queued message and its recipients",
       .positional = "ID",
       .positional_need = Need::Required,
       .options = {},
       .run = show_message},
      {.name = "trace",
       .help = "what happened to someone's mail, from the event log",
       .positional = "ADDRESS",
       .positional_need = Need::Optional,
       .options = {{"--message", "ID", "of a message instead of an address"},
                   {"--since", "TIME", "\"2h\" ago, or \"2026-11-24T08:00:00Z\" (all that is kept)"},
                   {"--limit", "EVENTS", "the newest that many (200)"}},
       .run = trace_mail},
      {.name = "events tail",
       .help = "the newest events; with --follow also those to come",
       .options = with({{"--follow", "", "go on until interrupted"},
                        {"--last", "EVENTS", "begin with the newest that many (10)"},
                        {"--type", "TYPES", "of these types, separated by commas", kTypes}},
                       criteria()),
       .run = tail_events},
  };
}

// Those that change queued mail.
std::vector<CommandSpec> mail_commands() {
  return {
      {.name = "pause",
       .help = "stop attempts, for what is queued and for what comes later",
       .options = with(broad_criteria(),
                       {kAll, kReason, {"--until", "TIME", "\"2h\" from now, or a time (until resumed)"}, kDryRun}),
       .run = pause_mail},
      {.name = "resume",
       .help = "lift the pauses of exactly this selection",
       .options = with(broad_criteria(), {{"--all", "", "lift every pause"}, kDryRun}),
       .run = resume_mail},
      {.name = "pauses", .help = "what is paused, by whom and why", .options = {}, .run = list_pauses},
      {.name = "hold",
       .help = "set queued recipients aside until released",
       .options = act_options(),
       .run = hold_mail},
      {.name = "release", .help = "let held recipients go on", .options = act_options(), .run = release_mail},
      {.name = "retry",
       .help = "attempt deferred and scheduled recipients now",
       .options = act_options(),
       .run = retry_mail},
      {.name = "bounce",
       .help = "fail queued recipients for good; their senders are told as DSN settings say",
       .options = act_options(),
       .run = bounce_mail},
      {.name = "reroute",
       .help = "give queued recipients another vMTA or stream",
       .options = act_options({{"--to-vmta", "NAME", "send from this vMTA"},
                               {"--to-stream", "NAME", "move to this stream: its pool, schedule and route"},
                               {"--force", "", "also who was deferred for rate or reputation and waits for his vMTA"}}),
       .run = reroute_mail},
      {.name = "jobs",
       .help = "commands at work in the background, and those that ended",
       .options = {},
       .run = list_jobs},
      {.name = "job show",
       .help = "one job",
       .positional = "ID",
       .positional_need = Need::Required,
       .options = {},
       .run = show_job},
      {.name = "job wait",
       .help = "wait until a job has ended",
       .positional = "ID",
       .positional_need = Need::Required,
       .options = {},
       .run = wait_for_job},
      {.name = "job cancel",
       .help = "stop a job where it is; what it changed stays changed",
       .positional = "ID",
       .positional_need = Need::Required,
       .options = {},
       .run = cancel_job},
  };
}

// Those about the daemon and this program.
std::vector<CommandSpec> daemon_commands() {
  return {
      {.name = "reload",
       .help = "read the configuration anew; a bad one is refused",
       .options = {},
       .run = reload_config},
      {.name = "check-config",
       .help = "check a configuration file; needs no daemon",
       .positional = "FILE",
       .positional_need = Need::Required,
       .options = {},
       .run = check_config},
      {.name = "preflight",
       .help = "check DNS, keys, addresses and the way out before sending; needs no daemon",
       .options = {{"--config", "FILE", "the configuration (/etc/penstock/penstock.toml)"},
                   {"--stream", "NAME", "only what this stream uses (all)"},
                   {"--message", "FILE", "a sample of the stream's mail, held against the rules for bulk mail"},
                   {"--sender", "ADDRESS", "its envelope sender (as its Return-Path says)"},
                   {"--problems", "", "only warnings and failures"}},
       .run = run_preflight},
      {.name = "classify",
       .help = "what a receiver's reply means: class, rule, scope, what would follow; needs no daemon",
       .positional = "REPLY",
       .positional_need = Need::Optional,
       .options = {{"--provider", "NAME", "who said it: \"gmail\", \"yahoo\" (nobody in particular)"},
                   {"--step", "STEP", "where in the dialogue (any)", kSteps},
                   {"--batch", "FILE", "of lines \"provider<TAB>reply\" instead; \"-\" is standard input"},
                   {"--rules", "FOLDER", "rule files of your own, asked before the shipped ones"}},
       .run = classify_reply},
      {.name = "config show",
       .help = "every setting in effect, and where it comes from",
       .options = {{"--changed", "", "only those that differ from the default"}},
       .run = show_config},
      {.name = "drain",
       .help = "refuse new mail and go on delivering; or stop the daemon in order",
       .options = {{"--end", "", "take new mail again"},
                   {"--stop", "", "finish what is in flight and end the daemon"},
                   {"--limit", "DURATION", "with --stop: give what is in flight so long (30s)"}},
       .run = drain_daemon},
      {.name = "metrics", .help = "all metrics, as Prometheus reads them", .options = {}, .run = show_metrics},
      {.name = "version", .help = "versions of this program and of the daemon", .options = {}, .run = show_version},
      {.name = "completion",
       .help = "a completion script for a shell",
       .positional = "SHELL",
       .positional_need = Need::Required,
       .positional_choices = "bash zsh",
       .options = {},
       .run = print_completion},
  };
}

// Those that work on DKIM keys and signatures, without a daemon.
std::vector<CommandSpec> dkim_commands() {
  const OptionSpec resolver{"--resolver", "ADDRESS", "ask this DNS server, \"192.0.2.53:53\" (the machine's own)"};
  const OptionSpec keys{"--keys", "FILE", "key records from a file of \"name value\" lines instead of DNS"};
  const OptionSpec selector{"--selector", "NAME", "the key's selector"};
  const OptionSpec key{"--key", "FILE", "the private key, PEM"};
  const OptionSpec service{"--service", "NAME", "s=: \"tlsrpt\" for a key that signs reports of TLS only (all)",
                           "tlsrpt"};
  return {
      {.name = "dkim new",
       .help = "make a DKIM key pair and print its DNS record; needs no daemon",
       .positional = "DOMAIN",
       .positional_need = Need::Required,
       .options = {{"--selector", "NAME", "the key's selector (s and the month, \"s202611\")"},
                   {"--type", "TYPE", "rsa2048 (default), rsa3072, rsa4096 or ed25519",
                    "rsa2048 rsa3072 rsa4096 ed25519"},
                   service,
                   {"--out", "DIR", "where the private key goes (here)"}},
       .run = dkim_new},
      {.name = "dkim check",
       .help = "compare the DKIM keys of a domain with what DNS has; needs no daemon",
       .positional = "DOMAIN",
       .positional_need = Need::Required,
       .options = {selector,
                   key,
                   {"--config", "FILE",
                    "whose [[dkim]] keys are checked when none is named (/etc/penstock/penstock.toml)"},
                   service,
                   keys,
                   resolver},
       .run = dkim_check},
      {.name = "dkim sign",
       .help = "print a message with a DKIM signature; needs no daemon",
       .positional = "FILE",
       .positional_need = Need::Required,
       .options = {key,
                   {"--domain", "NAME", "the domain that signs"},
                   selector,
                   {"--canonicalization", "WAY", "header/body, each simple or relaxed (relaxed/relaxed)"},
                   {"--identity", "ADDRESS", "i=, at or below the domain"},
                   {"--headers", "NAMES", "fields to sign besides the usual ones, separated by commas"},
                   {"--expire", "DURATION", "x=, so long from now (never)"}},
       .run = dkim_sign},
      {.name = "dkim verify",
       .help = "check the DKIM signatures of a message; needs no daemon",
       .positional = "FILE",
       .positional_need = Need::Required,
       .options = {keys,
                   resolver,
                   {"--at", "TIME", "as of that time, or \"now\" (when its first Received field says it came)"},
                   {"--historic", "", "accept what was usual once: rsa-sha1, short keys, drafts of the standard"}},
       .run = dkim_verify},
  };
}

// What domains publish about TLS.
std::vector<CommandSpec> tls_commands() {
  return {
      {.name = "tls check",
       .help = "what TLS would be to mail for a domain, host by host, and why; needs no daemon",
       .positional = "DOMAIN",
       .positional_need = Need::Required,
       .options = {{"--config", "FILE", "the daemon's configuration (/etc/penstock/penstock.toml)"},
                   {"--stream", "NAME", "whose mail (the stream that takes what fits no other)"}},
       .run = tls_check},
  };
}

// Those about reports that come back by mail.
std::vector<CommandSpec> feedback_commands() {
  return {
      {.name = "feedback parse",
       .help = "read bounce mails and complaints from files, without effect; needs no daemon",
       .positional = "FILE",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {{"--rules", "FOLDER", "rule files of your own, asked before the shipped ones"}},
       .run = parse_feedback},
      {.name = "feedback import",
       .help = "hand reports in a Maildir, an mbox or .eml files to a listener's report domain",
       .positional = "PATH",
       .positional_need = Need::Required,
       .options = {{"--to", "ADDRESS", "of one of the listener's report_domains (any of the daemon's first)"},
                   {"--smtp", "ADDRESS", "the listener (the daemon's first with report_domains)"}},
       .run = import_feedback},
      {.name = "feedback rotate-keys",
       .help = "sign references and links with a new key; those that are out go on working",
       .options = {},
       .run = rotate_keys},
  };
}

// Those about addresses that must not be mailed.
std::vector<CommandSpec> suppress_commands() {
  const OptionSpec scope{"--scope", "SCOPE", "global, tenant:NAME, stream:NAME or list:NAME"};
  const OptionSpec cause{"--cause", "CAUSE", "why", kCauses};
  const OptionSpec note{"--note", "TEXT", "a remark; kept and shown"};
  const OptionSpec until{"--until", "TIME", "\"14d\" from now, or a time (for good)"};
  const OptionSpec format{"--format", "FORMAT", "csv or ndjson (by the first line)", "csv ndjson"};
  return {
      {.name = "suppress list",
       .help = "addresses that are not mailed",
       .options = {{"--domain", "NAME", "of this domain"},
                   scope,
                   cause,
                   {"--review", "", "only those somebody should look at"},
                   kLimitRows,
                   {"--cursor", "NUMBER", "go on there"}},
       .run = suppress_list},
      {.name = "suppress show",
       .help = "whether and why an address is suppressed, and was before",
       .positional = "ADDRESS",
       .positional_need = Need::Required,
       .options = {},
       .run = suppress_show},
      {.name = "suppress check",
       .help = "which of these addresses are suppressed; \"-\" reads them from standard input",
       .positional = "ADDRESS",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {{"--tenant", "NAME", "for mail of this tenant"},
                   {"--stream", "NAME", "for mail of this stream"},
                   {"--list", "NAME", "for mail of this list"}},
       .run = suppress_check},
      {.name = "suppress review",
       .help = "suppressions somebody should look at; with addresses: they have been looked at",
       .positional = "ADDRESS",
       .positional_need = Need::Optional,
       .positional_many = true,
       .options = {kLimitRows},
       .run = suppress_review},
      {.name = "suppress add",
       .help = "do not mail these addresses, or \"@example.com\" as a whole, any more",
       .positional = "ADDRESS",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {scope, cause, kReason, note, until},
       .run = suppress_add},
      {.name = "suppress remove",
       .help = "mail these addresses again; who said so is kept",
       .positional = "ADDRESS",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {scope, note},
       .run = suppress_remove},
      {.name = "suppress import",
       .help = "add a list, CSV or NDJSON; \"-\" reads it from standard input",
       .positional = "FILE",
       .positional_need = Need::Required,
       .options = {format, scope, cause, note, until},
       .run = suppress_import},
      {.name = "suppress export",
       .help = "print the whole list",
       .options = {{"--format", "FORMAT", "csv or ndjson (ndjson)", "csv ndjson"}, scope, cause},
       .run = suppress_export},
      {.name = "suppress changes",
       .help = "what changed after a cursor, for systems that keep a copy",
       .options = {{"--cursor", "NUMBER", "after this one (0: from the beginning)"},
                   {"--limit", "ROWS", "at most so many (1,000)"},
                   {"--follow", "", "go on until interrupted"}},
       .run = suppress_changes},
  };
}

// Those about who may sign in by SMTP AUTH.
std::vector<CommandSpec> user_commands() {
  const Options limits = {
      {"--message-rate", "RATE", "messages at most, \"100/min\"; \"off\": any"},
      {"--recipients-per-day", "NUMBER", "recipients at most in a day of UTC; 0: any"},
      {"--connections", "NUMBER", "connections at most; 0: any"},
      {"--streams", "NAMES", "streams the user may send in, separated by commas; \"any\""},
      {"--sender-domains", "DOMAINS", "domains the user may send from, separated by commas; \"any\""},
      {"--note", "TEXT", "a remark; kept and shown"}};
  return {
      {.name = "user list",
       .help = "who may sign in by SMTP AUTH, and with what limits",
       .options = {},
       .run = list_users},
      {.name = "user show",
       .help = "one user",
       .positional = "NAME",
       .positional_need = Need::Required,
       .options = {},
       .run = show_user},
      {.name = "user add",
       .help = "let somebody sign in; the password is asked for, or read from standard input",
       .positional = "NAME",
       .positional_need = Need::Required,
       .options = limits,
       .run = add_user},
      {.name = "user set",
       .help = "change what a user may; what is not given stays",
       .positional = "NAME",
       .positional_need = Need::Required,
       .options = with(limits, {{"--enable", "", "let the user sign in again"},
                                {"--disable", "", "refuse the user, and keep everything"}}),
       .run = change_user},
      {.name = "user passwd",
       .help = "give a user another password; asked for, or read from standard input",
       .positional = "NAME",
       .positional_need = Need::Required,
       .options = {},
       .run = change_password},
      {.name = "user remove",
       .help = "let somebody sign in no longer",
       .positional = "NAME",
       .positional_need = Need::Required,
       .options = {},
       .run = remove_user},
  };
}

// Those about actions and the limits of paths.
std::vector<CommandSpec> shaping_commands() {
  const Options tuple = {{"--vmta", "NAME", "mail that leaves from this vMTA"},
                         {"--pool", "NAME", "of this pool"},
                         {"--stream", "NAME", "of this stream"},
                         {"--tenant", "NAME", "of this tenant"},
                         {"--campaign", "NAME", "of this campaign"},
                         {"--sender-domain", "NAME", "whose envelope sender is in this domain"},
                         {"--dkim-domain", "NAME", "that this domain signs"},
                         {"--provider", "NAME", "to this provider, or \"site:HOSTS\" where none is known"},
                         {"--site", "HOSTS", "to this set of MX hosts"}};
  const OptionSpec until{"--until", "TIME", "\"2h\" from now, or a time (until ended)"};
  const OptionSpec rate{"--rate", "RATE", "recipients in a span, \"10/s\""};
  return {
      {.name = "actions",
       .help = "sender domains, campaigns, … that are slowed, suspended or stopped, and why",
       .options = {},
       .run = list_actions},
      {.name = "action set",
       .help = "slow, back off, suspend or stop the mail that all options given describe",
       .positional = "KIND",
       .positional_need = Need::Required,
       .positional_choices = "slow backoff suspend stop",
       .options = with(tuple, {rate, until, kReason}),
       .run = set_action},
      {.name = "action clear",
       .help = "end the action on exactly these; what was held goes on",
       .options = with(tuple, {{"--all", "", "end every action"}}),
       .run = clear_actions},
      {.name = "path pin",
       .help = "your limits for an egress path instead of those learned",
       .positional = "PATH",
       .positional_need = Need::Required,
       .options = {{"--connections", "NUMBER", "open at the same time"},
                   rate,
                   {"--suspend", "", "nothing is sent there"},
                   until,
                   kReason},
       .run = pin_path},
      {.name = "path unpin",
       .help = "go by what is learned again",
       .positional = "PATH",
       .positional_need = Need::Required,
       .options = {},
       .run = unpin_path},
      {.name = "path clear",
       .help = "forget what was learned on an egress path, suspension and back-off",
       .positional = "PATH",
       .positional_need = Need::Required,
       .options = {},
       .run = clear_path},
  };
}

// Those about new sending addresses.
std::vector<CommandSpec> warmup_commands() {
  return {
      {.name = "warmup status",
       .help = "warm-ups: plan, today's allowance and what was taken of it, tomorrow's and why",
       .options = {{"--vmta", "NAME", "of this vMTA"}, {"--provider", "NAME", "at this provider"}},
       .run = warmup_status},
      {.name = "warmup pause",
       .help = "VMTA and PROVIDER: nothing goes that way until it is resumed",
       .positional = "VMTA",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {kReason},
       .run = warmup_pause},
      {.name = "warmup resume",
       .help = "VMTA and PROVIDER: the warm-up goes on",
       .positional = "VMTA",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {kReason},
       .run = warmup_resume},
      {.name = "warmup set",
       .help = "VMTA and PROVIDER: today and from now on as on that day of the plan",
       .positional = "VMTA",
       .positional_need = Need::Required,
       .positional_many = true,
       .options = {{"--day", "DAY", "of the plan, from 1"}, kReason},
       .run = warmup_set},
  };
}

std::vector<CommandSpec> make_commands() {
  std::vector<CommandSpec> all = looking_commands();
  for (const auto& more : {mail_commands(), warmup_commands(), shaping_commands(), suppress_commands(), user_commands(),
                           daemon_commands(), dkim_commands(), tls_commands(), feedback_commands()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

std::span<const CommandSpec> commands() {
  static const std::vector<CommandSpec> all = make_commands();
  return all;
}

std::span<const OptionSpec> global_options() {
  static const Options all = {
      {"--socket", "PATH", "the daemon's unix socket (PENSTOCK_SOCKET, /run/penstock/admin.sock)"},
      {"--url", "URL", "a daemon over the network: http://host:port (PENSTOCK_URL)"},
      {"--token", "TOKEN", "sent with --url as a bearer token (PENSTOCK_TOKEN keeps it out of the process list)"},
      {"--json", "", "print the API's JSON"}};
  return all;
}

}  // namespace penstock::cli
